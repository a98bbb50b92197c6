const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

/** The way from a stored UUID to the id that is shown, written down once more by somebody who did not build it. */
export function typeId(prefix: string, uuid: string): string {
  let value = BigInt(`0x${uuid.replaceAll('-', '')}`);
  let text = '';
  for (let at = 0; at < 26; at += 1) {
    text = `${LETTERS[Number(value & 31n)]}${text}`;
    value >>= 5n;
  }
  return `${prefix}_${text}`;
}
