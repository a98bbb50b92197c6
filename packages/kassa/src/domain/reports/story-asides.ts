import { type Database, sql } from '../../database/index.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import type { StoryStep } from './story-steps.ts';

/** What was set aside for an order besides stock: credits, a coupon's use, appointments; and what became of each. */
export async function readAsides(db: Database, order_id: string): Promise<StoryStep[]> {
  return [...(await coupon(db, order_id)), ...(await credits(db, order_id)), ...(await appointments(db, order_id))];
}

async function coupon(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('coupon_uses as use')
    .innerJoin('coupons as coupon', 'coupon.id', 'use.coupon_id')
    .select(['coupon.code', 'use.state', 'use.ordinal', 'use.created_at', 'use.updated_at'])
    .where('use.order_id', '=', order_id)
    .execute();
  return rows.map((row) => ({
    at: row.created_at,
    kind: 'hold',
    title: `Coupon ${row.code}`,
    detail: { held: 'kept until the buyer pays or time runs out', used: 'used', released: 'free again' }[row.state],
    state: row.state === 'held' ? 'waiting' : 'ok',
    json: row,
  }));
}

const CREDIT_WORDS = {
  grant: ['Granted', 'the buyer’s from now on'],
  hold: ['Held', 'of the buyer’s credits'],
  capture: ['Spent', 'of the buyer’s credits'],
  release: ['Given back', 'to the buyer’s credits'],
  refund: ['Returned', 'to the lot that it came from'],
  expire: ['Took back', 'credits that nobody had spent'],
} as const;

/** One step for each kind and unit at one moment, however many lots it was taken from. */
async function credits(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('credit_entries as entry')
    .innerJoin('credit_lots as lot', 'lot.id', 'entry.lot_id')
    .leftJoin('offers as offer', 'offer.id', 'lot.unit_offer_id')
    .select(['entry.kind', 'lot.unit_currency as currency', 'offer.name', 'entry.created_at'])
    .select(sql<number>`sum(entry.amount)`.as('amount'))
    .where('entry.order_id', '=', order_id)
    .groupBy(['entry.kind', 'lot.unit_currency', 'offer.name', 'entry.created_at'])
    .orderBy('entry.created_at')
    .orderBy('entry.kind')
    .orderBy('offer.name')
    .execute();
  return rows.map((row) => {
    const { kind, currency, name, amount } = row;
    const sum = Number(amount);
    const [verb, detail] = CREDIT_WORDS[kind];
    const what =
      currency === null ? `${sum} × ${name}` : `${decimalFromMinor(sum, currency)} ${currency.toUpperCase()}`;
    return { at: row.created_at, kind: 'hold', title: `${verb} ${what}`, detail, state: 'ok', json: row };
  });
}

async function appointments(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('appointments as a')
    .innerJoin('order_lines as line', 'line.id', 'a.order_line_id')
    .innerJoin('practitioners as person', 'person.id', 'a.practitioner_id')
    .select(['a.id', 'line.name', 'person.name as practitioner', 'a.state', 'a.created_at', 'a.updated_at'])
    .select([sql<Date>`lower(a.during)`.as('starts_at'), sql<Date>`upper(a.during)`.as('ends_at')])
    .where('line.order_id', '=', order_id)
    .orderBy('line.position')
    .orderBy('a.id')
    .execute();
  return rows.map((row) => ({
    at: row.created_at,
    kind: 'hold',
    title: `${row.name} with ${row.practitioner}, ${row.starts_at.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    detail: APPOINTMENT_WORDS[row.state],
    state: row.state === 'held' ? 'waiting' : 'ok',
    json: row,
  }));
}

const APPOINTMENT_WORDS = {
  held: 'kept until the buyer pays or time runs out',
  confirmed: 'confirmed',
  released: 'free again',
  canceled: 'called off',
  completed: 'has taken place',
  no_show: 'nobody came',
} as const;
