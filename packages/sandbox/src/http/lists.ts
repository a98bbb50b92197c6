import { isPlain } from '../kernel/canonical.ts';
import { badParam, missingObject } from '../kernel/failure.ts';
import type { Kind, Kinds } from '../kernel/kinds.ts';
import type { Tx } from '../store/tx.ts';
import { at, atMostOne, childOrEmpty, flag, type Input, integer, raw, text } from './input.ts';

/** A list as Stripe writes it. */
export interface List<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

export interface Cursor {
  limit: number;
  starting_after: string | undefined;
  ending_before: string | undefined;
}

/** @throws ApiFailure 400 for limits outside 1 to 100 or both cursors at once */
export function readCursor(input: Input): Cursor {
  atMostOne(input, 'starting_after', 'ending_before');
  return {
    limit: integer(input, 'limit', { min: 1, max: 100 }) ?? 10,
    starting_after: text(input, 'starting_after'),
    ending_before: text(input, 'ending_before'),
  };
}

/** `created=…` or `created[gte]=…`, in seconds. */
export function readCreated(input: Input): { gt?: number; gte?: number; lt?: number; lte?: number } | undefined {
  const value = raw(input, 'created');
  if (value === undefined) return undefined;
  if (!isPlain(value)) {
    const exact = integer(input, 'created') ?? 0;
    return { gte: exact, lte: exact };
  }
  const range: Record<string, number> = {};
  const inner = childOrEmpty(input, 'created');
  for (const name of Object.keys(value)) {
    if (!['gt', 'gte', 'lt', 'lte'].includes(name)) throw badParam(at(inner, name), `Unknown bound: ${name}.`);
    range[name] = integer(inner, name) ?? 0;
  }
  return range;
}

/** The text of each named filter that the call gives; the names are those of `FILTERS`. */
export function readFilters(input: Input, ...names: string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, text(input, name)]));
}

export function readFlagFilter(input: Input, name: string): string | undefined {
  const value = flag(input, name);
  return value === undefined ? undefined : String(value);
}

export interface Narrowing {
  /** The address that the list itself names. */
  url: string;
  where?: Record<string, string | string[] | undefined>;
  ids?: string[] | undefined;
}

/** One page, newest first. @throws ApiFailure 404 when a cursor names no object */
export function listObjects<K extends Kind>(
  tx: Tx,
  kind: K,
  input: Input,
  { url, ...narrowing }: Narrowing,
): List<Kinds[K]> {
  const cursor = readCursor(input);
  for (const name of ['starting_after', 'ending_before'] as const) {
    const id = cursor[name];
    if (id !== undefined && !tx.any(id)) throw missingObject(kind.replaceAll('_', ' '), id, name);
  }
  const { found, has_more } = tx.list(kind, { ...cursor, created: readCreated(input), ...narrowing });
  return { object: 'list', data: found, has_more, url };
}

/** Pages through something that is already in memory, in its own order. */
export function listArray<T extends { id?: string }>(items: T[], input: Input, url: string): List<T> {
  const { limit, starting_after, ending_before } = readCursor(input);
  const indexOf = (id: string, name: string): number => {
    const index = items.findIndex((item) => item.id === id);
    if (index < 0) throw missingObject('item', id, name);
    return index;
  };
  if (ending_before !== undefined) {
    const end = indexOf(ending_before, 'ending_before');
    const start = Math.max(0, end - limit);
    return { object: 'list', data: items.slice(start, end), has_more: start > 0, url };
  }
  const start = starting_after === undefined ? 0 : indexOf(starting_after, 'starting_after') + 1;
  const data = items.slice(start, start + limit);
  return { object: 'list', data, has_more: start + limit < items.length, url };
}
