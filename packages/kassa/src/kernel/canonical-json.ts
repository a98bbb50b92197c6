import { assert } from './assert.ts';

const DEPTH_MAX = 64;

/**
 * JSON with sorted keys and no spaces, so that equal values give equal text and therefore equal hashes. Otherwise it
 * reads values as `JSON.stringify` does: `toJSON` is honoured, an undefined field is left out.
 * @throws Bug for what JSON would silently lose: NaN, infinities, bigint, functions, symbols, undefined in an array,
 *   anything nested deeper than 64 levels (which includes cycles).
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(raw: unknown, depth: number): string {
  assert(depth <= DEPTH_MAX, `canonical JSON is at most ${DEPTH_MAX} levels deep`);
  const value = hasToJson(raw) ? raw.toJSON() : raw;
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    assert(Number.isFinite(value), `canonical JSON has no ${value}`);
    return JSON.stringify(value);
  }
  assert(typeof value === 'object', `canonical JSON has no ${typeof value}`);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${write(field, depth + 1)}`).join(',')}}`;
}

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function';
}
