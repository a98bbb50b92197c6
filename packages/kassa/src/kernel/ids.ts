import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { assert } from './assert.ts';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** Makes the primary key of every row: UUIDv7, so keys sort by the time they were made. */
export interface Ids {
  uuid(): string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 26 letters of five bits are 130 bits; the first one carries only three, hence 0 to 7. */
const SUFFIX = /^[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}$/;
const PREFIX = /^[a-z](?:[a-z_]{0,61}[a-z])?$/;
const TIMESTAMP_LIMIT = 2 ** 48;
const [DASH, ZERO, NINE, LETTER_A] = [45, 48, 57, 97];
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * A UUIDv7 (RFC 9562, 5.7) of a moment and ten random bytes, of which 74 bits are used.
 * @throws Bug when the moment is not a whole number of milliseconds in 48 bits, or the bytes are not ten.
 */
export function uuidV7(at_ms: number, random: Uint8Array): string {
  assert(Number.isInteger(at_ms) && at_ms >= 0 && at_ms < TIMESTAMP_LIMIT, 'a UUIDv7 needs milliseconds in 48 bits');
  assert(random.length === 10, 'a UUIDv7 needs ten random bytes');
  const time = at_ms.toString(16).padStart(12, '0');
  const byte = (at: number): string => HEX[random[at] ?? 0] ?? '';
  const version = HEX[0x70 | ((random[0] ?? 0) & 0x0f)];
  const variant = HEX[0x80 | ((random[2] ?? 0) & 0x3f)];
  const node = byte(4) + byte(5) + byte(6) + byte(7) + byte(8) + byte(9);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}${byte(1)}-${variant}${byte(3)}-${node}`;
}

/**
 * Ids that only ever grow, also within one millisecond and when the wall clock steps back: then the last moment is
 * kept and the random part grows by a random step (RFC 9562, 6.2, method 2), so the next id cannot be told.
 */
export function idsFrom(clock: Clock, random: Random): Ids {
  let last_ms = -1;
  let chance = new Uint8Array(10);
  return {
    uuid() {
      const now_ms = clock.now().getTime();
      if (now_ms > last_ms) {
        last_ms = now_ms;
        chance = canonicalChance(random.bytes(10));
      } else if (!grow(chance, 1 + random.below(2 ** 32))) {
        // 74 bits ran over: borrow the next millisecond, as the RFC allows.
        last_ms += 1;
        chance = canonicalChance(random.bytes(10));
      }
      return uuidV7(last_ms, chance);
    },
  };
}

/** Clears the six bits that the version and the variant overwrite, so that adding to the rest carries correctly. */
function canonicalChance(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = new Uint8Array(bytes);
  kept[0] = (kept[0] ?? 0) & 0x0f;
  kept[2] = (kept[2] ?? 0) & 0x3f;
  return kept;
}

/** Adds a step of at most 2^32 to the 74 bits in place. False when they ran over. */
function grow(chance: Uint8Array, step: number): boolean {
  let carry = step;
  for (let at = 9; at >= 0; at -= 1) {
    // Byte 0 holds four bits and byte 2 holds six: the others are the version and the variant.
    const width = at === 0 ? 16 : at === 2 ? 64 : 256;
    const sum = (chance[at] ?? 0) + carry;
    chance[at] = sum % width;
    carry = Math.floor(sum / width);
  }
  return carry === 0;
}

/**
 * The 26 letters that stand for a UUID in a TypeID.
 * @throws Bug when the text is not a lower-case UUID.
 */
export function typeIdSuffix(uuid: string): string {
  assert(UUID.test(uuid), 'a TypeID is made from a lower-case UUID');
  let suffix = '';
  // Two empty bits come first: 26 letters hold 130.
  let [rest, bits] = [0, 2];
  for (let at = 0; at < uuid.length; at += 1) {
    const code = uuid.charCodeAt(at);
    if (code === DASH) continue;
    rest = (rest << 4) | (code <= NINE ? code - ZERO : code - LETTER_A + 10);
    bits += 4;
    if (bits < 5) continue;
    bits -= 5;
    suffix += ALPHABET.charAt(rest >> bits);
    rest &= (1 << bits) - 1;
  }
  return suffix;
}

/**
 * `toTypeId('ord', uuid)` is `ord_01h455vb4pex5vsknk084sn02q`: the form in which people see our ids.
 * @throws Bug when the prefix is not lower-case letters and underscores, or the UUID is malformed.
 */
export function toTypeId(prefix: string, uuid: string): string {
  assert(PREFIX.test(prefix), 'a TypeID prefix is lower-case letters, with underscores inside only');
  return `${prefix}_${typeIdSuffix(uuid)}`;
}

/** The UUID behind a TypeID; undefined when the prefix is another or the text is malformed. Never throws. */
export function fromTypeId(prefix: string, text: string): string | undefined {
  if (!text.startsWith(`${prefix}_`)) return undefined;
  const suffix = text.slice(prefix.length + 1);
  if (!SUFFIX.test(suffix)) return undefined;
  let bits = 0n;
  for (const letter of suffix) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(letter));
  const hex = bits.toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** SHA-256 in lower-case hex: the one hash for request fingerprints, stored keys and traces. Not for passwords. */
export function hashOf(text: string | Uint8Array): string {
  return hash('sha256', text);
}

/** Compares two secrets without telling by its time how much of them is alike, nor how long either is. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
