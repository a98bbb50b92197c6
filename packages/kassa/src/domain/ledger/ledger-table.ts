import { lockClass, type Transaction } from '../../database/index.ts';
import { assert } from '../../kernel/assert.ts';
import type { Ids } from '../../kernel/ids.ts';

/**
 * What each holds: money at Stripe; what was earned; tax to be handed on; what buyers may still spend;
 * what was given away; what was given back; what banks hold back or kept; what Stripe took; money that no order stands
 * for yet.
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
  const amounts = Object.entries(posting.amounts).filter(([, amount_minor]) => amount_minor !== 0);
  const balance = amounts.reduce((sum, [, amount_minor]) => sum + amount_minor, 0);
  assert(balance === 0, `the posting ${posting.cause} does not sum to zero`);
  if (amounts.length === 0) return;
  lockClass(tx, 'append');
  const posting_id = world.ids.uuid();
  const rows = amounts.map(([account, amount_minor]) => ({
    id: world.ids.uuid(),
    tenant_id: owner.tenant_id,
    mode: owner.mode,
    order_id: owner.order_id,
    posting_id,
    account: account as LedgerAccount,
    currency: posting.currency,
    amount_minor,
    cause: posting.cause,
    created_at: world.at,
  }));
  await tx.insertInto('ledger_entries').values(rows).execute();
}
