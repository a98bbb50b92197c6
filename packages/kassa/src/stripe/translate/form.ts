/** What a form field may hold; undefined fields are left out. */
export type FormValue =
  | string
  | number
  | boolean
  | undefined
  | readonly FormValue[]
  | { readonly [key: string]: FormValue };

/**
 * Encodes parameters the way Stripe's v1 API reads them: nested brackets and indexed arrays, keys in the order given.
 * The bytes are stored before they are sent, so the same parameters must always give the same bytes; a test holds them
 * beside what the official client would send.
 */
export function encodeForm(params: { readonly [key: string]: FormValue }): string {
  const pairs: string[] = [];
  collect(pairs, '', params);
  return pairs.join('&');
}

function collect(pairs: string[], name: string, value: FormValue): void {
  if (value === undefined) return;
  if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) collect(pairs, name === '' ? key : `${name}[${key}]`, inner);
    return;
  }
  pairs.push(`${escaped(name)}=${escaped(String(value))}`);
}

/** Brackets stay readable, as in the official client; everything else is percent-encoded. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%5B', '[')
    .replaceAll('%5D', ']');
}
