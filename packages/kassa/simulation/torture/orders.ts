import { HOOK_EVENTS, type HookEvent, type Hooks } from '../../src/config/hooks.ts';
import { type Database, enqueueAll, inTransaction, type JsonValue } from '../../src/database/index.ts';
import type { Shop } from '../../src/flows/house.ts';
import { hashOf, type Ids, idsFrom } from '../../src/kernel/ids.ts';
import { type Dice, diceOf } from '../engine/dice.ts';

/** What is sold, as the shop's own catalogue has it. */
export interface OnSale {
  readonly offer_id: string;
  readonly name: string;
  readonly currency: string;
  readonly unit_minor: number;
}

interface Step {
  readonly status: 'pending' | 'processing' | 'paid' | 'refunded' | 'expired';
  readonly topic: HookEvent | null;
}

const step = (status: Step['status'], topic: HookEvent | null): Step => ({ status, topic });
const PAID = [step('pending', 'order.created'), step('paid', 'order.paid')];
/** The lives that an order may have, each step with the message that it stages. */
const LIVES: readonly (readonly Step[])[] = [
  PAID,
  PAID,
  [step('pending', 'order.created'), step('processing', 'order.processing'), step('paid', 'order.paid')],
  [...PAID, step('refunded', 'order.refunded')],
  [...PAID, step('paid', 'dispute.created'), step('paid', 'dispute.closed')],
  [step('pending', 'order.created'), step('expired', 'order.expired')],
  [step('pending', 'order.created'), step('processing', 'order.processing'), step('expired', 'order.payment_failed')],
];
const AT = new Date('2026-11-21T09:00:00Z');
const LINES_MAX = 3;
const PIECES_MAX = 3;

/** The orders of one book, with everything that was told of them and nobody has been sent yet. */
export interface Book {
  /** By their ids as hooks see them in rows: the place of each in the book, counted from 1. */
  readonly order_ids: readonly string[];
}

export interface BookPlan {
  readonly number: number;
  readonly orders: number;
  readonly on: Hooks['on'];
}

/**
 * Writes the orders of a book, always the same for one number: two schedules of one book can be compared to the row.
 * They are finished orders, because hooks never see one come about; what they see is its messages.
 */
export async function writeBook(db: Database, shop: Shop, shelf: readonly OnSale[], plan: BookPlan): Promise<Book> {
  const dice = diceOf(`book ${plan.number}`);
  const ids = idsFrom({ now: () => AT, sleep: () => Promise.resolve() }, dice);
  const hooked = HOOK_EVENTS.filter((event) => plan.on[event] !== undefined);
  const order_ids: string[] = [];
  for (let at = 0; at < plan.orders; at += 1) {
    // The first life of each book holds an event that the shop listens to, or there would be nothing to see.
    const useful = LIVES.filter((life) => life.some(({ topic }) => topic !== null && hooked.includes(topic)));
    const life = dice.pick(useful.length > 0 ? useful : LIVES);
    order_ids.push(await writeOrder(db, { shop, shelf, dice, ids, life, number: 1001 + at, hooked }));
  }
  return { order_ids };
}

interface Writing {
  readonly shop: Shop;
  readonly shelf: readonly OnSale[];
  readonly dice: Dice;
  readonly ids: Ids;
  readonly life: readonly Step[];
  readonly number: number;
  readonly hooked: readonly HookEvent[];
}

async function writeOrder(db: Database, writing: Writing): Promise<string> {
  const { shop, dice, ids, life, number } = writing;
  const order_id = ids.uuid();
  const quote_id = ids.uuid();
  const lines = drawLines(writing, order_id);
  const total_minor = lines.reduce((sum, { total_minor: one }) => sum + one, 0);
  const currency = lines[0]?.currency ?? 'usd';
  const money = {
    currency,
    subtotal_minor: total_minor,
    discount_minor: 0,
    tax_minor: 0,
    credits_minor: 0,
    total_minor,
  };
  const hash = hashOf(order_id);
  const paid = life.some(({ status }) => status === 'paid');
  const buyer = {
    email: `buyer${dice.below(1000)}@example.com`,
    user_id: dice.chance(0.5) ? `user_${dice.below(9)}` : null,
  };
  await inTransaction(db, async (tx) => {
    const quote = { ...shop, ...money, id: quote_id, user_id: null, coupon_code: null, lines: '[]', hash };
    await tx
      .insertInto('quotes')
      .values({ ...quote, expires_at: AT, created_at: AT })
      .execute();
    const first = {
      ...shop,
      ...money,
      ...buyer,
      id: order_id,
      contract: 'hosted-checkout',
      quote_id,
      lines_hash: hash,
    };
    const times = { hold_expires_at: AT, created_at: AT, updated_at: AT };
    await tx
      .insertInto('orders')
      .values({ ...first, ...times, status: 'pending', version: 1 })
      .execute();
    await tx
      .insertInto('order_lines')
      .values(lines.map(({ currency: _, ...line }) => line))
      .execute();
    const moves = life.map(({ status }, at) => ({
      ...{ ...shop, id: ids.uuid(), order_id, order_version: at + 1, action: 'noted', status_to: status },
      ...{ cause: 'torture', actor: 'kassa', created_at: AT },
    }));
    await tx.insertInto('audit_log').values(moves).execute();
    for (const [at, { status }] of life.entries()) {
      if (at === 0) continue;
      const facts = paid && status !== 'processing' ? { paid_at: AT, number } : {};
      await tx
        .updateTable('orders')
        .set({ status, version: at + 1, ...facts })
        .where('id', '=', order_id)
        .execute();
    }
    await enqueueAll(tx, messagesOf(writing, { order_id, total_minor, currency }), ids);
  });
  return order_id;
}

function drawLines({ shelf, dice, ids }: Writing, order_id: string) {
  const first = dice.pick(shelf);
  const many = dice.between(1, LINES_MAX);
  const others = shelf.filter((one) => one.currency === first.currency && one.offer_id !== first.offer_id);
  const chosen = [first, ...others.filter(() => dice.chance(0.5))].slice(0, many);
  return chosen.map(({ offer_id, name, currency, unit_minor }, position) => {
    const quantity = dice.between(1, PIECES_MAX);
    const total_minor = unit_minor * quantity;
    const sums = { subtotal_minor: total_minor, discount_minor: 0, tax_minor: 0, total_minor };
    return {
      id: ids.uuid(),
      order_id,
      position,
      offer_id,
      offer_version: 1,
      name,
      quantity,
      unit_minor,
      ...sums,
      currency,
    };
  });
}

function messagesOf(
  { shop, life, hooked }: Writing,
  order: { order_id: string; total_minor: number; currency: string },
) {
  return life.flatMap(({ topic }, at) => {
    if (topic === null || !hooked.includes(topic)) return [];
    const payload = topic.startsWith('dispute.') ? disputeOf(order, topic) : {};
    const message = { ...shop, topic, order_id: order.order_id, order_version: at + 1, payload, at: AT };
    return [{ ...message, destinations: [`hook:${topic}`] }];
  });
}

function disputeOf(
  { order_id, total_minor, currency }: { order_id: string; total_minor: number; currency: string },
  topic: HookEvent,
): Readonly<Record<string, JsonValue>> {
  const status = topic === 'dispute.closed' ? 'won' : 'needs_response';
  const dispute_id = `dp_${hashOf(order_id).slice(0, 24)}`;
  const due_at = '2026-12-01T00:00:00.000Z';
  return { dispute_id, status, amount_minor: total_minor, currency, reason: 'fraudulent', due_at };
}
