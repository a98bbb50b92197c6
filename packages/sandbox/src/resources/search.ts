import { type Input, integer, needText, text } from '../http/input.ts';
import { type Route, route } from '../http/router.ts';
import { badParam, missingParam } from '../kernel/failure.ts';
import type { Kind } from '../kernel/kinds.ts';
import type { Indexed } from '../store/objects.ts';
import type { Tx } from '../store/tx.ts';

/** One condition of the search language: `status:'succeeded'`, `amount>100`, `-metadata['order']:null`. */
interface Clause {
  negated: boolean;
  field: string;
  metadata: string | null;
  sign: ':' | '~' | '>' | '>=' | '<' | '<=' | '=';
  value: string | number | null;
}

const CLAUSE =
  /\s*(-?)([a-z_][a-z0-9_.]*)(?:\[(['"])(.+?)\3\])?\s*(:|~|>=|<=|>|<|=)\s*(?:(['"])((?:\\.|(?!\6).)*)\6|(-?\d+(?:\.\d+)?)|(null))\s*/iy;

/** @throws ApiFailure 400 for anything that is not a list of clauses joined by one kind of AND or OR */
export function parseQuery(query: string): { clauses: Clause[]; any: boolean } {
  const clauses: Clause[] = [];
  const joins = new Set<string>();
  CLAUSE.lastIndex = 0;
  for (let at = 0; at < query.length; ) {
    CLAUSE.lastIndex = at;
    const match = CLAUSE.exec(query);
    if (!match) throw badParam('query', `The search query cannot be read near: ${query.slice(at, at + 20)}`);
    const [, minus, field = '', , metadata, sign, , words, number, nothing] = match;
    const plain = number === undefined ? (words ?? '').replace(/\\(.)/g, '$1') : Number(number);
    clauses.push({
      negated: minus === '-',
      field,
      metadata: metadata ?? null,
      sign: sign as Clause['sign'],
      value: nothing ? null : plain,
    });
    at = CLAUSE.lastIndex;
    const join = /^(AND|OR)\b/i.exec(query.slice(at));
    if (join) {
      joins.add(join[0].toUpperCase());
      at += join[0].length;
    } else if (at < query.length) joins.add('AND');
  }
  if (clauses.length === 0) throw missingParam('query');
  if (joins.size > 1) throw badParam('query', 'A search query joins its clauses with AND or with OR, not with both.');
  return { clauses, any: joins.has('OR') };
}

function valueAt(object: Record<string, unknown>, clause: Clause): unknown {
  let value: unknown = object;
  for (const step of clause.field.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[step];
  if (clause.metadata === null) return value;
  return (value as Record<string, unknown> | null | undefined)?.[clause.metadata];
}

function holds(object: Record<string, unknown>, clause: Clause): boolean {
  const value = valueAt(object, clause) ?? null;
  const wanted = clause.value;
  const words = String(value).toLowerCase();
  switch (clause.sign) {
    case '~':
      return value !== null && words.includes(String(wanted).toLowerCase());
    case '>':
      return Number(value) > Number(wanted);
    case '>=':
      return Number(value) >= Number(wanted);
    case '<':
      return Number(value) < Number(wanted);
    case '<=':
      return Number(value) <= Number(wanted);
    default:
      return wanted === null ? value === null : value !== null && words === String(wanted).toLowerCase();
  }
}

const FIELDS: Partial<Record<Kind, string[]>> = {
  customer: ['created', 'email', 'metadata', 'name', 'phone'],
  charge: ['amount', 'created', 'currency', 'customer', 'disputed', 'metadata', 'refunded', 'status'],
  payment_intent: ['amount', 'created', 'currency', 'customer', 'metadata', 'status'],
  price: ['active', 'currency', 'lookup_key', 'metadata', 'product', 'type'],
  product: ['active', 'description', 'metadata', 'name', 'shippable', 'url'],
};

/** The object as the index holds it: its changes arrive there with the same lag as new objects. */
function asIndexed(tx: Tx, object: { id: string }): Record<string, unknown> {
  const old = tx.hidden(object.id).indexed as Indexed | undefined;
  if (old === undefined || old.until_ms <= tx.now_ms) return object as unknown as Record<string, unknown>;
  return JSON.parse(old.json) as Record<string, unknown>;
}

/** Finds objects as they were a while ago: the index follows the truth with the lag that was set. */
function search(tx: Tx, kind: Kind, input: Input, url: string): unknown {
  const { clauses, any } = parseQuery(needText(input, 'query'));
  for (const clause of clauses) {
    if (!FIELDS[kind]?.includes(clause.field))
      throw badParam('query', `${clause.field} cannot be searched in ${kind}.`);
  }
  const limit = integer(input, 'limit', { min: 1, max: 100 }) ?? 10;
  const page = text(input, 'page') ?? '0';
  if (!/^\d{1,9}$/.test(page)) throw badParam('page', 'This is no page of a search.');
  const from = Number(page);
  const seen = (tx.now_ms - tx.world.runtime.search_lag_ms) / 1000;
  const all = tx
    .every(kind, {})
    .filter((object) => Number((object as { created?: number }).created) <= seen)
    .filter((object) => {
      const indexed = asIndexed(tx, object);
      const check = (clause: Clause) => holds(indexed, clause) !== clause.negated;
      return any ? clauses.some(check) : clauses.every(check);
    })
    .reverse();
  const next = from + limit;
  const has_more = next < all.length;
  return {
    object: 'search_result',
    data: all.slice(from, next),
    has_more,
    next_page: has_more ? String(next) : null,
    url,
  };
}

const SEARCHABLE: [string, Kind][] = [
  ['/v1/customers/search', 'customer'],
  ['/v1/charges/search', 'charge'],
  ['/v1/payment_intents/search', 'payment_intent'],
  ['/v1/prices/search', 'price'],
  ['/v1/products/search', 'product'],
];

export const SEARCH_ROUTES: Route[] = SEARCHABLE.map(([path, kind]) =>
  route('GET', path, (tx, input) => search(tx, kind, input, path)),
);
