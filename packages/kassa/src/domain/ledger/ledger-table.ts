import { lockClass, sql, type Transaction } from '../../database/index.ts';
import { assert } from '../../kernel/assert.ts';
import type { Ids } from '../../kernel/ids.ts';

/**
 * What each holds: money at Stripe; what was earned; tax to be handed on; what buyers may still spend;
 * what was given away; what was given back; what banks hold back or kept; what Stripe took; money that no order stands
 * for yet; what was paid back from an account of the shop's own, because Stripe could not.
 */
export const LEDGER_ACCOUNTS = [
  'stripe',
  'revenue',
  'tax',
  'credits_liability',
  'discounts',
  'refunds',
  'disputes',
  'fees',
  'review',
  'elsewhere',
] as const;

export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

/** One double-entry posting. What an account receives is positive; the amounts sum to zero. Minor units. */
export interface Posting {
  /** The fact that caused it, such as `paid:<attempt>`. One fact posts once, by constraint. */
  readonly cause: string;
  readonly currency: string;
  readonly amounts: Readonly<Partial<Record<LedgerAccount, number>>>;
}

interface PostingOwner {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  /** Null: the posting belongs to no order. */
  readonly order_id: string | null;
}

/** Appends a posting to the books. @throws Bug when it does not sum to zero; the database would refuse it too. */
export async function post(
  tx: Transaction,
  owner: PostingOwner,
  posting: Posting,
  world: { ids: Ids; at: Date },
): Promise<void> {
  await postAll(tx, [{ owner, posting }], world);
}

/** The same for many in one statement. @throws Bug as `post` does. */
export async function postAll(
  tx: Transaction,
  postings: readonly OwnPosting[],
  { ids, at }: { ids: Ids; at: Date },
): Promise<void> {
  const rows = postings.flatMap(({ owner, posting }) => entriesOf(owner, posting, ids));
  if (rows.length === 0) return;
  lockClass(tx, 'append');
  await insert(rows, at).execute(tx);
}

/** The same for facts that may be posted already: those are left as they are. @throws Bug as `post` does. */
export async function postMissing(
  tx: Transaction,
  postings: readonly OwnPosting[],
  { ids, at }: { ids: Ids; at: Date },
): Promise<void> {
  const rows = postings.flatMap(({ owner, posting }) => entriesOf(owner, posting, ids));
  if (rows.length === 0) return;
  lockClass(tx, 'append');
  await sql`${insert(rows, at)} on conflict do nothing`.execute(tx);
}

interface OwnPosting {
  readonly owner: PostingOwner;
  readonly posting: Posting;
}

function insert(rows: readonly Entry[], at: Date) {
  const column = <K extends keyof Entry>(name: K): Entry[K][] => rows.map((row) => row[name]);
  return sql`
    insert into kassa.ledger_entries (id, tenant_id, mode, order_id, posting_id, account, currency, amount_minor, cause,
      created_at)
    select id, tenant_id, mode, order_id, posting_id, account, currency, amount_minor, cause, ${at}
    from unnest(${column('id')}::uuid[], ${column('tenant_id')}::uuid[], ${column('mode')}::text[],
      ${column('order_id')}::uuid[], ${column('posting_id')}::uuid[], ${column('account')}::text[],
      ${column('currency')}::text[], ${column('amount_minor')}::bigint[], ${column('cause')}::text[])
      as entry (id, tenant_id, mode, order_id, posting_id, account, currency, amount_minor, cause)`;
}

interface Entry extends PostingOwner {
  readonly id: string;
  readonly posting_id: string;
  readonly account: LedgerAccount;
  readonly currency: string;
  readonly amount_minor: number;
  readonly cause: string;
}

function entriesOf({ tenant_id, mode, order_id }: PostingOwner, posting: Posting, ids: Ids): Entry[] {
  const { cause, currency } = posting;
  const amounts = Object.entries(posting.amounts).filter(([, amount_minor]) => amount_minor !== 0);
  const balance = amounts.reduce((sum, [, amount_minor]) => sum + amount_minor, 0);
  assert(balance === 0, `the posting ${cause} does not sum to zero`);
  const posting_id = ids.uuid();
  const shared = { tenant_id, mode, order_id, posting_id, currency, cause };
  return amounts.map(([account, amount_minor]) => {
    return { ...shared, id: ids.uuid(), account: account as LedgerAccount, amount_minor };
  });
}
