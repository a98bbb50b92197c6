import {
  besideKey,
  type Database,
  isOneOf,
  keysOf,
  lockClass,
  type RawBuilder,
  type RowsStatement,
  sql,
  type Transaction,
  writeRows,
} from '../../database/index.ts';
import type { AttemptStatus } from './attempt.ts';
import { ATTEMPT_COLUMNS, type Attempt, type Presentation } from './attempts-table.ts';

type Reader = Database | Transaction;

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** What `awaitsEnd` says, as the index `payment_transactions_live` has it. */
const AWAITS_END: readonly AttemptStatus[] = ['initiated', 'pending', 'processing', 'superseded'];

/** The order's newest attempt, which is the live one while there is one. */
export async function latestAttempt(db: Reader, shop: ShopKey, order_id: string): Promise<Attempt | undefined> {
  return db
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('order_id', '=', order_id)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The oldest attempt that Stripe has not said its last word on; of one presentation when it is named. */
export async function oldestLive(db: Reader, shop: ShopKey, presentation?: Presentation): Promise<Date | undefined> {
  const row = await oldestOf(db, shop)
    .where('payment_status', 'in', AWAITS_END)
    .$if(presentation !== undefined, (query) => query.where('presentation', '=', presentation ?? 'none'))
    .executeTakeFirst();
  return row?.created_at;
}

/** When the oldest attempt with money began whose dispute was heard of too early and is still to be written down. */
export async function oldestEarlyDispute(db: Reader, shop: ShopKey): Promise<Date | undefined> {
  const row = await oldestOf(db, shop)
    .where(sql<boolean>`cardinality(early_disputes) > 0`)
    .where('received_minor', '>', 0)
    .executeTakeFirst();
  return row?.created_at;
}

function oldestOf(db: Reader, shop: ShopKey) {
  return db
    .selectFrom('payment_transactions')
    .select('created_at')
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1);
}

/** Attempts that await their end, made before a moment and known to Stripe, the one first that was not heard of for the longest time. */
export async function longSilent(
  db: Reader,
  shop: ShopKey,
  page: { made_before: Date; limit: number },
): Promise<Attempt[]> {
  return db
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('payment_status', 'in', AWAITS_END)
    .where('created_at', '<', page.made_before)
    .where((where) => where.or([where('session_id', 'is not', null), where('payment_id', 'is not', null)]))
    .orderBy('heard_at')
    .orderBy('id')
    .limit(page.limit)
    .execute();
}

/** All attempts of locked orders, oldest first, locked. */
export async function lockAttemptsOf(tx: Transaction, order_ids: readonly string[]): Promise<Attempt[]> {
  lockClass(tx, 'attempt');
  return tx
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where(isOneOf('order_id', order_ids))
    .orderBy('id')
    .forUpdate()
    .execute();
}

/** A payment page of a signed-in buyer that is neither paid nor over. */
export interface UnfinishedPage {
  readonly attempt: Attempt;
  /** Whether its opening was ever sent to Stripe. */
  readonly was_sent: boolean;
}

/** The buyer's pages, oldest first: one at most, but for those that are being opened while this looks. */
export async function unfinishedPages(tx: Transaction, shop: ShopKey, user_id: string): Promise<UnfinishedPage[]> {
  const rows = await tx
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom('stripe_operations')
          .select('key')
          .whereRef('key', '=', 'payment_transactions.idempotency_key')
          .where('first_sent_at', 'is not', null),
      ).as('was_sent'),
    )
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('user_id', '=', user_id)
    .where('presentation', '=', 'hosted')
    .where('payment_status', 'in', ['initiated', 'pending'])
    .orderBy('id')
    .execute();
  return rows.map(({ was_sent, ...attempt }) => ({ attempt, was_sent: was_sent === true }));
}

/** What became of an attempt whose money is here and kept. */
export interface PaidAttempt {
  readonly id: string;
  readonly payment_id: string | null;
  readonly status: string | null;
  readonly payment_status: AttemptStatus;
  readonly received_minor: number;
  readonly email: string | null;
  readonly heard_at: Date;
}

/** Writes down that locked attempts were paid and are kept. */
export async function payAttempts(tx: Transaction, attempts: readonly PaidAttempt[], at: Date): Promise<void> {
  const column = <K extends keyof PaidAttempt>(name: K): PaidAttempt[K][] => attempts.map((attempt) => attempt[name]);
  await sql`
    update kassa.payment_transactions attempt
    set payment_id = told.payment_id, status = told.status, payment_status = told.payment_status,
      received_minor = told.received_minor, kept = true, email = told.email, heard_at = told.heard_at,
      updated_at = ${at}
    from unnest(${column('id')}::uuid[], ${column('payment_id')}::text[], ${column('status')}::text[],
      ${column('payment_status')}::text[], ${column('received_minor')}::bigint[], ${column('email')}::text[],
      ${column('heard_at')}::timestamptz[])
      as told (id, payment_id, status, payment_status, received_minor, email, heard_at)
    where attempt.id = any (${column('id')}::uuid[]) and attempt.id = told.id`.execute(tx);
}

/** What Stripe answered when a locked attempt was opened. */
export interface OpenedAttempt {
  readonly id: string;
  readonly session_id: string | null;
  readonly payment_id: string | null;
  readonly url: string | null;
  readonly client_secret: string | null;
  readonly status: string | null;
  readonly payment_status: AttemptStatus;
  readonly heard_at: Date;
}

/** Writes it down: the same as `changeAttempt`, in one statement with those that are opened at the same time. */
export async function noteOpened(tx: Transaction, opened: OpenedAttempt): Promise<void> {
  await writeRows(tx, NOTE_OPENED, [opened]);
}

/** The same for an attempt of a locked order that is as it was written; or none of what is sent with it. */
export async function noteFirstOpened(tx: Transaction, opened: OpenedAttempt): Promise<void> {
  lockClass(tx, 'attempt');
  await writeRows(tx, NOTE_FIRST_OPENED, [opened]);
}

const OPENED_COLUMNS: RowsStatement<OpenedAttempt>['columns'] = {
  uuid: ['id'],
  text: ['session_id', 'payment_id', 'url', 'client_secret', 'status', 'payment_status'],
  timestamptz: ['heard_at'],
};

const noting = (rows: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  update kassa.payment_transactions attempt
  set session_id = opened.session_id, payment_id = opened.payment_id, url = opened.url,
    client_secret = opened.client_secret, status = opened.status, payment_status = opened.payment_status,
    heard_at = opened.heard_at, updated_at = opened.heard_at
  from ${rows} as opened
  where attempt.id = any (${keysOf(rows, 'id')}) and attempt.id = opened.id`;

const NOTE_OPENED: RowsStatement<OpenedAttempt> = { columns: OPENED_COLUMNS, statement: noting };

const AS_IT_WAS_WRITTEN = besideKey(sql`attempt.payment_status = 'initiated' and attempt.status is null
  and attempt.session_id is null and attempt.payment_id is null`);

const NOTE_FIRST_OPENED: RowsStatement<OpenedAttempt> = {
  columns: OPENED_COLUMNS,
  all: true,
  statement: (rows) => sql`${noting(rows)} and ${AS_IT_WAS_WRITTEN}`,
};
