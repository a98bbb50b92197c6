import type { BalanceTransaction } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';

const DEFAULT_FEE = { basisPoints: 290, fixed: 30 };
const PENDING_S = 2 * 86_400;

/** What the processor keeps of a charge, in minor units, rounded half up. */
export function feeOf(tx: Tx, amount: number): number {
  const { basisPoints, fixed } = tx.world.options.fee ?? DEFAULT_FEE;
  return Math.min(amount, Math.floor((amount * basisPoints + 5000) / 10_000) + fixed);
}

export interface Movement {
  /** Signed minor units: what came in, or what left. */
  amount: number;
  currency: string;
  source: string;
  type: 'charge' | 'refund' | 'refund_failure' | 'adjustment' | 'payment' | 'payment_refund';
  reporting: string;
  fee?: number;
  description?: string | null;
  /** Money that skips the waiting time. */
  atOnce?: boolean;
}

/** One line of the account's balance. Its object is the receipt for money that moved. */
export function moveMoney(tx: Tx, movement: Movement): BalanceTransaction {
  const fee = movement.fee ?? 0;
  return tx.insert('balance_transaction', {
    id: tx.ids.next('txn_'),
    object: 'balance_transaction',
    amount: movement.amount,
    available_on: movement.atOnce ? tx.now : tx.now + PENDING_S,
    balance_type: 'payments',
    created: tx.now,
    currency: movement.currency,
    description: movement.description ?? null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: movement.currency,
              description: 'Processing fee of the sandbox',
              type: 'stripe_fee',
            },
          ],
    net: movement.amount - fee,
    reporting_category: movement.reporting,
    source: movement.source,
    status: movement.atOnce ? 'available' : 'pending',
    type: movement.type,
  });
}

/** Pending money becomes available by the clock alone, so the state is worked out when somebody looks. */
export function asOfNow(tx: Tx, line: BalanceTransaction): BalanceTransaction {
  return { ...line, status: line.available_on <= tx.now ? 'available' : 'pending' };
}

/** Added up by the store: an account of some weeks has more lines than a call should read. */
const SUMS = `select json ->> '$.currency' as currency, (json ->> '$.available_on') <= ? as available,
  sum(json ->> '$.net') as net from objects where type = 'balance_transaction' and deleted = 0 and account = ?
  group by 1, 2 order by min(seq)`;

/** The account's balance, from every line. */
export function balanceOf(tx: Tx): unknown {
  tx.flush();
  const sums = new Map<string, { available: number; pending: number }>();
  for (const row of tx.world.database.all(SUMS, tx.now, tx.account())) {
    const sum = sums.get(String(row.currency)) ?? { available: 0, pending: 0 };
    sum[row.available === 1 ? 'available' : 'pending'] = Number(row.net);
    sums.set(String(row.currency), sum);
  }
  if (sums.size === 0) sums.set('usd', { available: 0, pending: 0 });
  const part = (name: 'available' | 'pending'): unknown[] =>
    [...sums].map(([currency, sum]) => ({ amount: sum[name], currency, source_types: { card: sum[name] } }));
  return { object: 'balance', available: part('available'), livemode: false, pending: part('pending') };
}
