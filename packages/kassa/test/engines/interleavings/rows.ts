import type { GatePoint } from '../../../src/database/index.ts';

/** Tables of which callers that meet often want different rows, and the column by which a row of theirs is meant. */
const NAMED_BY: Readonly<Record<string, string>> = {
  orders: 'id',
  payment_transactions: 'id',
  inbox_events: 'object_id',
  offers: 'id',
  reconcile_cursors: 'kind',
  refunds: 'id',
  stripe_operations: 'key',
  timers: 'subject',
};

export const nameOf = (table: string): string | undefined => NAMED_BY[table];

/** One place at which a statement names a table. */
export interface Mention {
  readonly how: 'into' | 'update' | 'from' | 'join' | 'using';
  readonly table: string;
  /** From there to the end of its part of the statement, without what stands in parentheses. */
  readonly outer: string;
  /** The same, with it. */
  readonly whole: string;
}

export function mentionsIn(sql: string): Mention[] {
  const found = sql.matchAll(/\b(into|update|from|join|using)\s+(?:only\s+)?(?:"?kassa"?\.)?"?(\w+)"?(?!\w|\()/gi);
  return [...found].map((match) => {
    const whole = partFrom(sql, match.index);
    return {
      how: (match[1] ?? '').toLowerCase() as Mention['how'],
      ...{ table: match[2] ?? '', whole, outer: withoutNested(whole) },
    };
  });
}

/** To the parenthesis that closes what the place stands in, or to the end. */
function partFrom(sql: string, at: number): string {
  let depth = 0;
  for (let end = at; end < sql.length; end += 1) {
    if (sql[end] === '(') depth += 1;
    if (sql[end] === ')') depth -= 1;
    if (depth < 0) return sql.slice(at, end);
  }
  return sql.slice(at);
}

function withoutNested(text: string): string {
  const less = text.replaceAll(/\([^()]*\)/g, ' ');
  return less === text ? text : withoutNested(less);
}

/** The columns that a change sets, as far as can be told: rather too many. */
export function setBy({ outer }: Mention): string[] {
  const [, changes = ''] = /\bset\s(.*?)(?:\swhere\s|\sfrom\s|$)/is.exec(outer) ?? [];
  return [...changes.matchAll(/"?(\w+)"?\s*=/g)].map(([, column = '']) => column);
}

/** Which rows of a table a statement reads, changes or makes, by their names; undefined when they may be any. */
export function rowsOf(table: string, { sql, values = [] }: GatePoint): readonly string[] | undefined {
  const by = nameOf(table);
  if (by === undefined || /\bor\b/i.test(sql)) return undefined;
  const found: unknown[] = [];
  for (const mention of mentionsIn(sql)) {
    if (mention.table !== table) continue;
    const rows = mention.how === 'into' ? givenTo(mention, by, values) : askedBy(mention, by, values);
    if (!rows || rows.length === 0) return undefined;
    found.push(...rows);
  }
  return found.length > 0 && found.every((row) => typeof row === 'string') ? found : undefined;
}

/** The values of a column in the rows that a statement makes; undefined when they cannot be told. */
export function givenTo(
  { table, whole, outer }: Mention,
  column: string,
  values: readonly unknown[],
): unknown[] | undefined {
  const [, columns = ''] = /^into\s+[^(]*?\(([^()]*)\)/i.exec(whole) ?? [];
  const at = listOf(columns).indexOf(column);
  // Whoever stands in its way may have another name, and is what is changed then.
  const [, target] = /on conflict \(([^()]*)\) do update/i.exec(whole) ?? [];
  if (target !== undefined && column === nameOf(table) && !listOf(target).includes(column)) return undefined;
  const selected = / select (.*?) from (json_populate_recordset|json_to_recordset|unnest)\b/is.exec(outer);
  if (!selected) return givenBy(whole, at, values);
  // A row that is made without it has nothing there, as far as the rows of these stories go.
  if (at === -1) return columns === '' ? undefined : [];
  const [, source = ''] = / as (\w+)/i.exec(outer.slice(selected.index + selected[0].length)) ?? [];
  const [, of, from] = /^(?:(\w+)\.)?"?(\w+)"?$/.exec(selected[1]?.split(',')[at]?.trim() ?? '') ?? [];
  if (from === undefined || (of !== undefined && of !== source)) return undefined;
  if (selected[2] === 'unnest') {
    const [, given = '', names = ''] = / from unnest\(([^()]*)\) as \w+ \(([^()]*)\)/i.exec(whole) ?? [];
    return valueAt(given.split(',')[listOf(names).indexOf(from)], values) as unknown[] | undefined;
  }
  return rowsIn(/_recordset\([^()]*?(\$\d+)::json\)/i.exec(whole)?.[1], values)?.map((row) => row[from]);
}

/** By `values ($1, $2), ($3, $4)`. */
function givenBy(whole: string, at: number, values: readonly unknown[]): unknown[] | undefined {
  const [, given] = /\bvalues\s*((?:\([^()]*\),?\s*)+)/i.exec(whole) ?? [];
  if (given === undefined) return undefined;
  if (at === -1) return [];
  return [...given.matchAll(/\(([^()]*)\)/g)].map(([, row = '']) => valueAt(row.split(',')[at], values));
}

/** By its condition: one name, several, or those of a list that it is joined with. */
function askedBy({ whole }: Mention, by: string, values: readonly unknown[]): unknown[] | undefined {
  const lists = whole.replaceAll(/\b(in|any)\s*\(((?:\$\d+(?:::[\w[\]]+)?(?:,\s*)?)+)\)/gi, '$1 {$2}');
  const [, plain = ''] = /\bwhere\s(.*)$/is.exec(withoutNested(lists)) ?? [];
  const one = new RegExp(`(?:^|and )"?${by}"? = (\\$\\d+)`, 'i').exec(plain)?.[1];
  if (one !== undefined) return [valueAt(one, values)];
  const several = new RegExp(`(?:^|and )"?${by}"? in {([^{}]*)}`, 'i').exec(plain)?.[1];
  if (several !== undefined) return several.split(',').map((name) => valueAt(name, values));
  const any = new RegExp(`(?:^|and )"?${by}"? = any {(\\$\\d+)[^{}]*}`, 'i').exec(plain)?.[1];
  if (any !== undefined) return valueAt(any, values) as unknown[];
  const [, list, alias] = /json_to_recordset\((\$\d+)::json\) as (\w+)/i.exec(whole) ?? [];
  const [, joined] = new RegExp(`(?:^|and )\\w+\\.${by} = ${alias}\\.(\\w+)\\b`, 'i').exec(plain) ?? [];
  return list !== undefined && joined !== undefined ? rowsIn(list, values)?.map((row) => row[joined]) : undefined;
}

const listOf = (columns: string): string[] => columns.split(',').map((name) => name.trim().replaceAll('"', ''));

function valueAt(place: string | undefined, values: readonly unknown[]): unknown {
  const at = /^\s*\$(\d+)/.exec(place ?? '')?.[1];
  return at === undefined ? undefined : values[Number(at) - 1];
}

function rowsIn(place: string | undefined, values: readonly unknown[]): Record<string, unknown>[] | undefined {
  const text = valueAt(place, values);
  return typeof text === 'string' ? (JSON.parse(text) as Record<string, unknown>[]) : undefined;
}

/**
 * What a question locks and waits for, when it does nothing else: whoever asks it in the same words waits at its first
 * row for whoever asked before, and holds nothing meanwhile.
 */
export function lockAskedBy({ sql, values = [] }: GatePoint): string | undefined {
  const [, table, condition] =
    /^\s*select [^()]* from "(\w+)" where ([^()]*(?:any\([^()]*\))?[^()]*) for update\s*$/i.exec(sql) ?? [];
  return table === undefined ? undefined : `${table} where ${condition}: ${JSON.stringify(values)}`;
}
