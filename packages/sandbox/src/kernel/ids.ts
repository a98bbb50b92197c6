import { hash } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Ids, secrets and dice. The same seed and the same order of calls give the same answers. */
export interface IdSource {
  /** `length` letters and digits after the prefix, e.g. `next('pi_', 24)`. */
  next(prefix: string, length?: number): string;
  /** A number from 0 (included) to 1 (excluded) that depends on the seed and the label alone, not on earlier calls. */
  chance(label: string): number;
  /** Letters and digits that depend on the seed and the label alone. */
  named(label: string, length: number): string;
  position(): number;
  resume(position: number): void;
  readonly seed: string;
}

function letters(text: string, length: number): string {
  let out = '';
  for (let round = 0; out.length < length; round++) {
    for (const byte of hash('sha256', `${text}:${round}`, 'buffer')) {
      // 248 is the largest multiple of 62 in a byte: dropping the rest keeps every letter equally likely.
      if (byte < 248 && out.length < length) out += ALPHABET[byte % 62];
    }
  }
  return out;
}

export function idSource(seed: string, start = 0): IdSource {
  let position = start;
  return {
    next: (prefix, length = 24) => prefix + letters(`${seed}:id:${position++}`, length),
    chance: (label) => Number.parseInt(hash('sha256', `${seed}:chance:${label}`, 'hex').slice(0, 12), 16) / 2 ** 48,
    named: (label, length) => letters(`${seed}:named:${label}`, length),
    position: () => position,
    resume: (to) => {
      position = to;
    },
    seed,
  };
}
