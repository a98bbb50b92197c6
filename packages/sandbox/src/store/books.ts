import type { Database } from './database.ts';
import { OWN_KEY_MISSING } from './journal.ts';

/**
 * The private books: what really happened to money, written by the code that moves it, never derived from the public
 * objects and never shown under /v1. A simulation compares its own ledger with them.
 */
export type BookKind =
  | 'captured'
  | 'refund_pending'
  | 'refund_succeeded'
  | 'refund_failed_returned'
  | 'refund_withdrawn'
  | 'disputed'
  | 'reinstated'
  | 'session_payable'
  | 'session_closed';

export interface BookEntry {
  kind: BookKind;
  /** The object that the entry is about: a charge, a refund, a dispute, a session. */
  subject: string;
  currency?: string;
  amount?: number;
  charge?: string;
  more?: Record<string, unknown>;
}

export function writeBook(database: Database, at: { at_ms: number; account: string }, entry: BookEntry): void {
  database.run(
    'insert into book_entries (account, at_ms, kind, currency, amount, subject, charge, more) ' +
      'values (?, ?, ?, ?, ?, ?, ?, ?)',
    at.account,
    at.at_ms,
    entry.kind,
    entry.currency ?? null,
    entry.amount ?? null,
    entry.subject,
    entry.charge ?? null,
    JSON.stringify(entry.more ?? {}),
  );
}

export interface CurrencyBook {
  captured: number;
  refunded_succeeded: number;
  refunded_pending: number;
  refund_failed_returned: number;
  disputed: number;
  reinstated: number;
  fees: number;
  /** What handling disputes cost; it is kept also when a dispute is won. */
  dispute_fees: number;
}

export interface ChargeBook {
  charge: string;
  currency: string;
  captured: number;
  at_ms: number;
  session: string | null;
  payment_intent: string | null;
  metadata: Record<string, string>;
  session_metadata: Record<string, string>;
  client_reference_id: string | null;
  refunds: { refund: string; amount: number; state: 'pending' | 'succeeded' | 'failed' | 'canceled' }[];
  disputed: number;
  reinstated: number;
}

export interface SessionBook {
  session: string;
  payable_from_ms: number;
  payable_until_ms: number;
  closed_ms: number | null;
  closed_as: string | null;
  client_reference_id: string | null;
  metadata: Record<string, string>;
}

export interface Books {
  currencies: Record<string, CurrencyBook>;
  charges: ChargeBook[];
  sessions: SessionBook[];
  /** Calls that changed something although their caller saw a failure. */
  unseen_commits: { request_id: string; method: string; path: string; key: string | null }[];
  /** Calls that arrived without a key of the caller's own, while `require_own_keys` was on. */
  key_violations: number;
}

const EMPTY: CurrencyBook = {
  captured: 0,
  refunded_succeeded: 0,
  refunded_pending: 0,
  refund_failed_returned: 0,
  disputed: 0,
  reinstated: 0,
  fees: 0,
  dispute_fees: 0,
};

const OF = 'where (?1 is null or account = ?1)';

interface Entry {
  at_ms: number;
  kind: BookKind;
  currency: string;
  amount: number;
  subject: string;
  charge: string;
  more: Record<string, unknown>;
}

/**
 * The whole books. Reading them changes nothing and costs one pass over the entries.
 * @param account only what belongs to this account; absent: everything
 */
export function readBooks(database: Database, account: string | null = null): Books {
  const currencies: Books['currencies'] = {};
  const charges = new Map<string, ChargeBook>();
  const sessions = new Map<string, SessionBook>();
  for (const row of database.all(`select * from book_entries ${OF} order by seq`, account)) {
    const entry = { ...row, more: JSON.parse(row.more as string) } as unknown as Entry;
    if (entry.kind === 'session_payable' || entry.kind === 'session_closed') noteSession(sessions, entry);
    else {
      currencies[entry.currency] ??= { ...EMPTY };
      noteMoney(currencies[entry.currency] ?? { ...EMPTY }, charges, entry);
    }
  }
  const lost = `select id, method, path, key from requests ${OF} and committed = 1 and caller_saw = 0`;
  const unseen = database.all(lost, account);
  const violations = database.one(`select count(*) as n from requests ${OF} and code = ?`, account, OWN_KEY_MISSING);
  return {
    currencies,
    charges: [...charges.values()],
    sessions: [...sessions.values()],
    unseen_commits: unseen.map((row) => ({
      request_id: row.id as string,
      method: row.method as string,
      path: row.path as string,
      key: row.key as string | null,
    })),
    key_violations: Number(violations?.n ?? 0),
  };
}

function noteSession(sessions: Map<string, SessionBook>, entry: Entry): void {
  if (entry.kind === 'session_payable') {
    sessions.set(entry.subject, {
      session: entry.subject,
      payable_from_ms: entry.at_ms,
      closed_ms: null,
      closed_as: null,
      ...(entry.more as Pick<SessionBook, 'payable_until_ms' | 'client_reference_id' | 'metadata'>),
    });
    return;
  }
  const session = sessions.get(entry.subject);
  if (!session) return;
  session.closed_ms = entry.at_ms;
  session.closed_as = String(entry.more.as);
}

function noteMoney(currency: CurrencyBook, charges: Map<string, ChargeBook>, entry: Entry): void {
  const charge = charges.get(entry.charge);
  const setRefund = (state: ChargeBook['refunds'][number]['state']): void => {
    const known = charge?.refunds.find((refund) => refund.refund === entry.subject);
    if (known) known.state = state;
    else charge?.refunds.push({ refund: entry.subject, amount: entry.amount, state });
  };
  const wasPending = charge?.refunds.some((r) => r.refund === entry.subject && r.state === 'pending') ?? false;
  if (wasPending && entry.kind.startsWith('refund')) currency.refunded_pending -= entry.amount;
  switch (entry.kind) {
    case 'captured':
      currency.captured += entry.amount;
      currency.fees += Number(entry.more.fee);
      if (charge) charge.captured += entry.amount;
      else charges.set(entry.charge, openCharge(entry));
      break;
    case 'refund_pending':
      currency.refunded_pending += entry.amount;
      setRefund('pending');
      break;
    case 'refund_succeeded':
      currency.refunded_succeeded += entry.amount;
      setRefund('succeeded');
      break;
    case 'refund_failed_returned':
      // Only money that had left can come back: a refund that failed while pending returns nothing.
      if (!wasPending) {
        currency.refunded_succeeded -= entry.amount;
        currency.refund_failed_returned += entry.amount;
      }
      setRefund('failed');
      break;
    case 'refund_withdrawn':
      setRefund('canceled');
      break;
    case 'disputed':
    case 'reinstated':
      currency[entry.kind] += entry.amount;
      currency.dispute_fees += Number(entry.more.fee ?? 0);
      if (charge) charge[entry.kind] += entry.amount;
  }
}

function openCharge(entry: Entry): ChargeBook {
  const { fee: _fee, ...charged } = entry.more as Pick<
    ChargeBook,
    'session' | 'payment_intent' | 'metadata' | 'session_metadata' | 'client_reference_id'
  > & { fee: number };
  return {
    charge: entry.charge,
    currency: entry.currency,
    captured: entry.amount,
    at_ms: entry.at_ms,
    refunds: [],
    disputed: 0,
    reinstated: 0,
    ...charged,
  };
}
