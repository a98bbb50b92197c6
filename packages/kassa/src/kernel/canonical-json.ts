import { Bug } from './errors.ts';

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
  if (depth > DEPTH_MAX) throw new Bug(`canonical JSON is at most ${DEPTH_MAX} levels deep`);
  const value = hasToJson(raw) ? raw.toJSON() : raw;
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Bug(`canonical JSON has no ${value}`);
    return String(value);
  }
  if (typeof value !== 'object') throw new Bug(`canonical JSON has no ${typeof value}`);
  return Array.isArray(value) ? writeList(value, depth) : writeFields(value as Record<string, unknown>, depth);
}

/** Texts are added up as they come: this stands before every price, every key and every call to Stripe. */
function writeList(items: readonly unknown[], depth: number): string {
  let text = '';
  for (const item of items) text += `${text === '' ? '' : ','}${write(item, depth + 1)}`;
  return `[${text}]`;
}

function writeFields(fields: Record<string, unknown>, depth: number): string {
  let text = '';
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key];
    if (field !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(field, depth + 1)}`;
  }
  return `{${text}}`;
}

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function';
}
