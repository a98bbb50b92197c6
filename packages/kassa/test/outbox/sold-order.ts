import {
  type Database,
  type Destination,
  enqueue,
  inTransaction,
  type JsonValue,
  type Transaction,
} from '../../src/database/index.ts';
import { hashOf } from '../../src/kernel/ids.ts';
import { realIds as ids } from '../setup/world.ts';

export interface Sold {
  readonly order_id: string;
  readonly line_id: string;
  /** Stages one more message of this order and answers its version. */
  tell(
    topic: string,
    destinations: readonly Destination[],
    payload?: Readonly<Record<string, JsonValue>>,
  ): Promise<void>;
}

const AT = new Date('2026-11-21T06:18:00Z');
const HASH = hashOf('one line');

export interface SoldAs {
  readonly email?: string | null;
  readonly contract?: string;
  readonly external_reference?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** What the caller noted on the one payment of the order; without it the order has none. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An order of two seats for 200 dollars that is paid, with the audit rows that the schema asks for. */
export async function soldOrder(db: Database, sold: SoldAs = {}): Promise<Sold> {
  const { email = 'ann@example.com', contract = 'hosted-checkout', external_reference = null, fields = {} } = sold;
  const [tenant_id, offer_id, quote_id, order_id, line_id] = Array.from({ length: 5 }, () => ids.uuid());
  if (!tenant_id || !offer_id || !quote_id || !order_id || !line_id) throw new Error('five ids were asked for');
  const shop = { tenant_id, mode: 'test' as const };
  const sums = { subtotal_minor: 20_000, discount_minor: 0, tax_minor: 0, total_minor: 20_000 };
  let version = 2;
  await inTransaction(db, async (tx) => {
    await tx
      .insertInto('tenants')
      .values({ id: tenant_id, key: `t${hashOf(tenant_id).slice(0, 12)}`, name: 'Blue Hall', created_at: AT })
      .execute();
    await insertOffer(tx, { ...shop, id: offer_id });
    const money = { ...sums, credits_minor: 0, currency: 'usd' };
    const quote = { ...shop, ...money, id: quote_id, user_id: null, coupon_code: null, lines: '[]', hash: HASH };
    await tx
      .insertInto('quotes')
      .values({ ...quote, expires_at: AT, created_at: AT })
      .execute();
    await tx
      .insertInto('orders')
      .values({
        ...shop,
        ...money,
        id: order_id,
        contract,
        quote_id,
        email,
        external_reference,
        fields: JSON.stringify(fields),
        lines_hash: HASH,
        status: 'pending',
        version: 1,
        hold_expires_at: AT,
        created_at: AT,
        updated_at: AT,
      })
      .execute();
    const line = { id: line_id, order_id, position: 0, offer_id, offer_version: 1, name: 'Lakers vs Warriors' };
    await tx
      .insertInto('order_lines')
      .values({ ...line, ...sums, quantity: 2, unit_minor: 10_000 })
      .execute();
    await audit(tx, shop, { order_id, order_version: 1, status_to: 'pending' });
  });
  await inTransaction(db, async (tx) => {
    await tx
      .updateTable('orders')
      .set({ status: 'paid', number: 1001, version: 2, paid_at: AT })
      .where('id', '=', order_id)
      .execute();
    await audit(tx, shop, { order_id, order_version: 2, status_to: 'paid' });
    if (sold.metadata) await insertAttempt(tx, shop, { order_id, metadata: sold.metadata });
  });
  return {
    order_id,
    line_id,
    async tell(topic, destinations, payload = {}) {
      const message = { ...shop, topic, order_id, order_version: version, payload, at: AT };
      version += 1;
      await inTransaction(db, (tx) => enqueue(tx, message, destinations, ids));
    },
  };
}

async function insertAttempt(
  tx: Transaction,
  shop: { tenant_id: string; mode: 'test' },
  attempt: { order_id: string; metadata: Readonly<Record<string, string>> },
): Promise<void> {
  const id = ids.uuid();
  const money = { amount: 20_000, currency: 'usd', received_minor: 20_000, kept: true };
  const paid = { payment_status: 'paid' as const, presentation: 'hosted' as const };
  const row = { ...shop, ...money, ...paid, id, idempotency_key: `kassa:${id}`, expires_at: AT };
  const { order_id, metadata } = attempt;
  await tx
    .insertInto('payment_transactions')
    .values({ ...row, order_id, metadata: JSON.stringify(metadata), created_at: AT, updated_at: AT })
    .execute();
}

async function insertOffer(tx: Transaction, owner: { tenant_id: string; mode: 'test'; id: string }): Promise<void> {
  await tx
    .insertInto('offers')
    .values({
      ...owner,
      key: 'lakers',
      external_id: 'lakers',
      kind: 'ticket',
      name: 'Lakers vs Warriors',
      max_per_order: 8,
      hold_ms: 1_800_000,
      hold_at: 'session',
      when_late: 'rehold-or-refund',
      starts_at: new Date('2027-01-16T03:30:00Z'),
      time_zone: 'America/Los_Angeles',
      source: 'config',
      active: true,
      version: 1,
      created_at: AT,
      updated_at: AT,
    })
    .execute();
}

async function audit(
  tx: Transaction,
  shop: { tenant_id: string; mode: 'test' },
  move: { order_id: string; order_version: number; status_to: string },
): Promise<void> {
  const row = { ...shop, ...move, id: ids.uuid(), action: 'noted', cause: 'test', actor: 'kassa', created_at: AT };
  await tx.insertInto('audit_log').values(row).execute();
}
