import { type Database, insertion, lockClass, sql, type Transaction, write, writeRows } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { AttemptStatus } from './attempt.ts';

type Reader = Database | Transaction;

export type Presentation = 'hosted' | 'embedded' | 'elements' | 'intent' | 'link' | 'none';

/** One try to collect money: a row of `payment_transactions`. Amounts are minor units. */
export interface Attempt {
  readonly id: string;
  readonly order_id: string;
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly presentation: Presentation;
  readonly amount: number;
  readonly currency: string;
  readonly session_id: string | null;
  readonly payment_id: string | null;
  readonly email: string | null;
  readonly status: string | null;
  readonly payment_status: AttemptStatus;
  readonly received_minor: number;
  readonly refunding_minor: number;
  readonly kept: boolean;
  readonly url: string | null;
  readonly client_secret: string | null;
  readonly success_url: string | null;
  readonly save_payment_method: boolean;
  /** What banks refused so far, by Stripe's ids. */
  readonly declined: readonly string[];
  /** What banks were heard to ask back before its money was heard of: disputes, by Stripe's ids. */
  readonly early_disputes: readonly string[];
  readonly heard_at: Date | null;
  readonly expires_at: Date;
  readonly created_at: Date;
}

export const ATTEMPT_COLUMNS = [
  'id',
  'order_id',
  'tenant_id',
  'mode',
  'presentation',
  'amount',
  'currency',
  'session_id',
  'payment_id',
  'email',
  'status',
  'payment_status',
  'received_minor',
  'refunding_minor',
  'kept',
  'url',
  'client_secret',
  'success_url',
  'save_payment_method',
  'declined',
  'early_disputes',
  'heard_at',
  'expires_at',
  'created_at',
] as const;

export interface NewAttempt {
  readonly order_id: string;
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly presentation: Presentation;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly success_url: string | null;
  readonly cancel_url: string | null;
  readonly save_payment_method: boolean;
  /** Where it was opened, sealed: 32 hex digits. Null where nobody counts, as for a server with a key. */
  readonly opened_from: string | null;
  readonly expires_at: Date;
}

/** Whether Stripe has answered this attempt with an id: of its session or, where there is none, of its payment. */
export function isOpened(attempt: Pick<Attempt, 'presentation' | 'session_id' | 'payment_id'>): boolean {
  return attempt.session_id !== null || (attempt.presentation === 'intent' && attempt.payment_id !== null);
}

/** Our key toward Stripe for one action of one attempt or refund. Never random: a crash cannot make a second one. */
export function operationKey(id: string, action: string): string {
  return `kassa:${id}:${action}`;
}

type AttemptRow = NewAttempt & Pick<Attempt, 'id' | 'payment_status' | 'created_at'> & AttemptRest;
type AttemptRest = { readonly idempotency_key: string; readonly updated_at: Date };

const INSERT_ATTEMPTS = insertion<AttemptRow>('payment_transactions', {
  uuid: ['id', 'order_id', 'tenant_id'],
  text: [
    ...(['mode', 'presentation', 'currency', 'user_id', 'email'] as const),
    ...(['payment_status', 'idempotency_key', 'success_url', 'cancel_url', 'opened_from'] as const),
  ],
  bigint: ['amount'],
  jsonb: ['metadata'],
  boolean: ['save_payment_method'],
  timestamptz: ['expires_at', 'created_at', 'updated_at'],
});

/** Writes the attempt as `initiated`, before Stripe hears of it (hosted-checkout H11). Answers the row as it is then. */
export async function insertAttempt(
  tx: Transaction,
  attempt: NewAttempt,
  { ids, at }: { ids: Ids; at: Date },
): Promise<Attempt> {
  const id = ids.uuid();
  const { metadata, user_id, cancel_url, opened_from, ...shared } = attempt;
  const own = { ...shared, id, payment_status: 'initiated' as const, created_at: at };
  const rest = { user_id, cancel_url, opened_from, metadata };
  const row = { ...own, ...rest, idempotency_key: operationKey(id, 'open'), updated_at: at };
  await writeRows(tx, INSERT_ATTEMPTS, [row]);
  return { ...own, ...NEW };
}

/** What a new attempt has by itself. */
const NEW = {
  ...{ session_id: null, payment_id: null, status: null, url: null, client_secret: null, heard_at: null },
  ...{ received_minor: 0, refunding_minor: 0, kept: false, declined: [], early_disputes: [] },
};

/** The attempt that Stripe's session or payment id belongs to. Only stored ids link; metadata never does. */
export async function findAttempt(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  ref: { session_id: string | null; payment_id: string | null },
): Promise<Attempt | undefined> {
  const { session_id, payment_id } = ref;
  if (session_id === null && payment_id === null) return undefined;
  const rows = await db
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where((where) => {
      const same_session = session_id === null ? [] : [where('session_id', '=', session_id)];
      const same_payment = payment_id === null ? [] : [where('payment_id', '=', payment_id)];
      return where.or([...same_session, ...same_payment]);
    })
    .orderBy('id')
    .execute();
  // The session is the stronger name: Stripe makes the payment late, and tells it with the session.
  return rows.find((row) => row.session_id === session_id) ?? rows[0];
}

/** The same for many at once: answers who finds the attempt of each. Each pair is a session or a payment that was listed. */
export async function findAttempts(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  refs: readonly { readonly session_id: string | null; readonly payment_id: string | null }[],
): Promise<(ref: { session_id: string | null; payment_id: string | null }) => Attempt | undefined> {
  const session_ids = refs.flatMap((ref) => ref.session_id ?? []);
  const payment_ids = refs.flatMap((ref) => ref.payment_id ?? []);
  const rows = await db
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where(sql<boolean>`(session_id = any(${session_ids}) or payment_id = any(${payment_ids}))`)
    .orderBy('id')
    .execute();
  const by_session = new Map(rows.toReversed().map((row) => [row.session_id, row]));
  const by_payment = new Map(rows.toReversed().map((row) => [row.payment_id, row]));
  return ({ session_id, payment_id }) =>
    (session_id === null ? undefined : by_session.get(session_id)) ??
    (payment_id === null ? undefined : by_payment.get(payment_id));
}

export async function attemptById(db: Reader, id: string): Promise<Attempt | undefined> {
  return db.selectFrom('payment_transactions').select(ATTEMPT_COLUMNS).where('id', '=', id).executeTakeFirst();
}

/** All attempts of an order, oldest first, locked. */
export async function lockAttempts(tx: Transaction, order_id: string): Promise<Attempt[]> {
  lockClass(tx, 'attempt');
  return tx
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('order_id', '=', order_id)
    .orderBy('id')
    .forUpdate()
    .execute();
}

export async function attemptsOf(db: Reader, order_id: string): Promise<Attempt[]> {
  return db
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('order_id', '=', order_id)
    .orderBy('id')
    .execute();
}

/** What an attempt may change in. Absent fields stay. */
export interface AttemptChange {
  readonly session_id?: string | null;
  readonly payment_id?: string | null;
  readonly status?: string | null;
  readonly payment_status?: AttemptStatus;
  readonly email?: string | null;
  readonly received_minor?: number;
  readonly kept?: boolean;
  readonly declined?: readonly string[];
  readonly early_disputes?: readonly string[];
  readonly url?: string | null;
  readonly client_secret?: string | null;
  readonly heard_at?: Date;
}

/** Changes an attempt that is locked already. */
export async function changeAttempt(tx: Transaction, id: string, change: AttemptChange, at: Date): Promise<void> {
  const { declined, early_disputes, ...fields } = change;
  const refusals = declined === undefined ? {} : declinedNow(declined, at);
  const disputes = early_disputes === undefined ? {} : { early_disputes: [...early_disputes] };
  const set = { ...fields, ...refusals, ...disputes, updated_at: at };
  await write(tx, tx.updateTable('payment_transactions').set(set).where('id', '=', id));
}

/** A refusal that is heard of again is no new one. */
function declinedNow(declined: readonly string[], at: Date) {
  const last_declined_at = sql<Date | null>`case when declines < ${declined.length} then ${at} else last_declined_at end`;
  return { declined: [...declined], declines: declined.length, last_declined_at };
}

/** How often cards were declined since then in checkouts that were opened there, and when last. */
export async function declinesFrom(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  { opened_from, since }: { readonly opened_from: string; readonly since: Date },
): Promise<{ readonly declines: number; readonly last_at: Date | null }> {
  const row = await db
    .selectFrom('payment_transactions')
    .select(({ fn }) => [fn.sum<string | null>('declines').as('declines'), fn.max('last_declined_at').as('last_at')])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('opened_from', '=', opened_from)
    .where('last_declined_at', '>', since)
    .executeTakeFirstOrThrow();
  return { declines: Number(row.declines ?? 0), last_at: row.last_at };
}
