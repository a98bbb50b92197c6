import type { SQLInputValue } from 'node:sqlite';
import type { Kind } from '../kernel/kinds.ts';
import { filterOf } from './keys.ts';

export interface ListQuery {
  limit: number;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
  created?: { gt?: number; gte?: number; lt?: number; lte?: number } | undefined;
  /** Values that must match, by the names of the filters; several values mean any of them. */
  where?: Record<string, string | string[] | undefined>;
  ids?: string[] | undefined;
}

/**
 * Whose objects a unit of work sees and makes: the caller's. Where nobody calls (a page, a timer, the control), they
 * are those of whom the first object belongs to that is looked up.
 */
export interface Scope {
  account: string | undefined;
}

export interface Wanted {
  kind: Kind;
  scope: Scope;
  query: ListQuery;
}

/** Lists of values go in as one JSON text: a statement that depended on their number would be prepared for each. */
const ANY_OF = '(select value from json_each(?))';

/** `from … where …` and its values. The first key leads the way, since it finds few; everything else is looked up in what it found. */
export function selection({ kind, scope, query }: Wanted): { from: string; values: SQLInputValue[] } {
  const clauses: string[] = [];
  const values: SQLInputValue[] = [];
  let source = 'objects o';
  const sorted = Object.entries(query.where ?? {}).filter(([, wanted]) => wanted !== undefined);
  for (const [name, wanted] of sorted) {
    const list = [wanted ?? []].flat();
    const filter = filterOf(kind, name);
    if ('path' in filter) {
      // The same text as in the object's JSON: bare for true and false, quoted for words.
      const texts = list.flatMap((value) => [value, JSON.stringify(value)]);
      clauses.push(`(o.json -> '${filter.path}') in ${ANY_OF}`);
      values.push(JSON.stringify(texts));
    } else if (source === 'objects o') {
      source = 'object_keys k cross join objects o on o.seq = k.seq';
      clauses.unshift(`k.type = ? and k.key = ? and k.value in ${ANY_OF}`);
      values.unshift(kind, name, JSON.stringify(list));
    } else {
      clauses.push(`o.seq in (select seq from object_keys where type = ? and key = ? and value in ${ANY_OF})`);
      values.push(kind, name, JSON.stringify(list));
    }
  }
  clauses.push('o.type = ?', 'o.deleted = 0');
  values.push(kind);
  if (scope.account !== undefined) {
    clauses.push('o.account = ?');
    values.push(scope.account);
  }
  bound(query, clauses, values);
  return { from: `from ${source} where ${clauses.join(' and ')}`, values };
}

const SIGNS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

function bound(query: ListQuery, clauses: string[], values: SQLInputValue[]): void {
  for (const [name, sign] of Object.entries(SIGNS)) {
    const limit = query.created?.[name as keyof typeof SIGNS];
    if (limit === undefined) continue;
    clauses.push(`o.created ${sign} ?`);
    values.push(limit);
  }
  if (!query.ids) return;
  clauses.push(`o.id in ${ANY_OF}`);
  values.push(JSON.stringify(query.ids));
}
