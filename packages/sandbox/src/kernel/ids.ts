import { hash } from 'node:crypto';

/** In the order of their character codes, so that ids of one kind sort as they were made. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Ids, secrets and dice. The same seed and the same order of calls give the same answers. */
export interface IdSource {
  /** `length` letters and digits after the prefix, e.g. `next('pi_', 24)`. */
  next(prefix: string, length?: number): string;
  /** Letters and digits that nobody can work out from ids they have seen. Counts like an id. */
  secret(length: number): string;
  /** A number from 0 (included) to 1 (excluded) that depends on the seed and the label alone, not on earlier calls. */
  chance(label: string): number;
  /** Letters and digits that depend on the seed and the label alone. */
  named(label: string, length: number): string;
  position(): number;
  resume(position: number): void;
  readonly seed: string;
}

type Words = readonly [number, number, number, number];

/** A 32-bit generator (xoshiro128**, Blackman and Vigna): ids are no secrets, and a dozen are drawn per call. */
function dice([first, second, third, fourth]: Words): () => number {
  let [a, b, c, d] = [first | 0, second | 0, third | 0, fourth | 0];
  return () => {
    const times5 = Math.imul(b, 5);
    const roll = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return roll >>> 0;
  };
}

/** Every pair of letters: putting a text together two at a time takes half as long. */
const PAIRS = Array.from({ length: 62 * 62 }, (_, i) => `${ALPHABET[Math.floor(i / 62)]}${ALPHABET[i % 62]}`);

/**
 * The first letters of each id count the ids: none ever comes twice, and what is made later sorts behind, so that the
 * store's indexes grow at their end. The rest is dice.
 */
const COUNTED = 6;

function counted(count: number): string {
  const low = count % 238_328;
  const high = Math.floor(count / 238_328) % 238_328;
  return `${ALPHABET[Math.floor(high / 3844)]}${PAIRS[high % 3844]}${ALPHABET[Math.floor(low / 3844)]}${PAIRS[low % 3844]}`;
}

/** Two pairs of each roll; what is left of its 32 bits goes unused. */
function letters(roll: () => number, length: number): string {
  let out = '';
  for (let left = length; left > 0; left -= 4) {
    const word = roll();
    out += PAIRS[word % 3844];
    if (left > 2) out += PAIRS[((word / 3844) >>> 0) % 3844];
  }
  return length % 2 === 0 ? out : out.slice(0, length);
}

/** Four words that nobody can tell the text from. */
function wordsOf(text: string): Words {
  const bytes = hash('sha256', text, 'buffer');
  return [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8), bytes.readInt32LE(12)];
}

/** How many names are remembered; the rest is worked out each time. */
const NAMES = 200;

export function idSource(seed: string, start = 0): IdSource {
  const [a, b, c, d] = wordsOf(`${seed}:id`);
  const first = (a >>> 0) * 8;
  const names = new Map<string, string>();
  let position = start;
  const next = (prefix: string, length = 24): string => {
    const count = position++;
    const roll = dice([a, b, c ^ Math.imul(count + 1, 0x9e3779b1), d ^ (count + 1)]);
    // The first rolls of neighbours still resemble each other.
    for (let i = 0; i < 8; i++) roll();
    return prefix + (length < 12 ? letters(roll, length) : counted(first + count) + letters(roll, length - COUNTED));
  };
  return {
    next,
    secret: (length) => letters(dice(wordsOf(`${seed}:secret:${position++}`)), length),
    chance: (label) => Number.parseInt(hash('sha256', `${seed}:chance:${label}`, 'hex').slice(0, 12), 16) / 2 ** 48,
    named: (label, length) => {
      const known = names.get(`${length} ${label}`);
      if (known !== undefined) return known;
      const fresh = letters(dice(wordsOf(`${seed}:named:${label}`)), length);
      if (names.size < NAMES) names.set(`${length} ${label}`, fresh);
      return fresh;
    },
    position: () => position,
    resume: (to) => {
      position = to;
    },
    seed,
  };
}
