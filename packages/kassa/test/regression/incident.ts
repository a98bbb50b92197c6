import { expect } from 'vitest';
import { inTransaction, sql } from '../../src/database/index.ts';
import type { PaymentReport } from '../../src/domain/payments/index.ts';
import type { StartCheckout } from '../../src/flows/checkout/start-checkout.ts';
import { taking } from '../engines/interleavings/explore.ts';
import { openCurtain, playAll } from '../engines/interleavings/play.ts';
import { openStage } from '../engines/interleavings/rewind.ts';
import type { Scene } from '../engines/interleavings/scene.ts';
import { openPaymentDesk, type PaymentDesk } from '../setup/payments.ts';

/** Constraints that a planted mistake comes without. */
const DROPPED = JSON.parse(process.env.KASSA_TEST_DROPPED ?? '[]') as string[];

/** A shop for one incident, closed whatever comes of it. */
export async function inShop(
  work: (shop: PaymentDesk) => Promise<void>,
  options: Parameters<typeof openPaymentDesk>[0] = {},
): Promise<void> {
  const shop = await openPaymentDesk(options);
  try {
    for (const statement of DROPPED) await sql.raw(statement).execute(shop.db);
    await work(shop);
  } finally {
    await shop.close();
  }
}

/** Plays a scene with its callers in turns, one step each: the order in which a lock that is missing is missed. */
export async function inTurns(scenes: readonly Scene[], name: RegExp): Promise<void> {
  const scene = scenes.find((one) => name.test(one.name));
  if (!scene) throw new Error(`no scene is called ${name}`);
  const stage = await openStage();
  try {
    await openCurtain(stage);
    const { failure } = await playAll(stage, scene, taking(1, 2, 3), { schedules_max: 3, ms_max: 20_000 });
    expect(failure).toBeUndefined();
  } finally {
    await stage.close();
  }
}

export const KEY = { scope: 'anonymous /checkout', key: 'the-buyers-own-key', request_hash: 'a'.repeat(64) };
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const deaf = async (): Promise<Response> => new Response('', { status: 500 });

/** A page for this, as far as the buyer's card. */
export const opens = async (
  shop: PaymentDesk,
  wish: Partial<StartCheckout> & { offer?: string; quantity?: number } = {},
): Promise<string> => (await shop.buy(wish)).session_id;

export const pays = (shop: PaymentDesk, session_id: string, more: object = {}) =>
  shop.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com', ...more });

/** As in Stripe's dashboard. */
export async function refundAtStripe(shop: PaymentDesk, session_id: string, amount: number): Promise<void> {
  const payment_intent = String(shop.sandbox.control.session(session_id)?.payment_intent);
  await shop.stripe.refunds.create({ payment_intent, amount });
}

const CAUSE = { cause: 'test', actor: 'kassa' };

/** What Stripe would tell, told to the one function that every trigger asks for. */
export const tell = (shop: PaymentDesk, report: PaymentReport) =>
  inTransaction(shop.db, (tx) => shop.house.settle(shop.house, tx, report, CAUSE));

/** A buyer has paid, and we believe that the page has ended. Answers what makes the money known after all. */
export async function paidTooLate(
  shop: PaymentDesk,
  wish: { offer: string; quantity: number },
): Promise<() => Promise<unknown>> {
  const session_id = await opens(shop, wish);
  const { deliver } = shop;
  shop.deliver = deaf;
  await pays(shop, session_id);
  shop.deliver = deliver;
  const report = await shop.house.gateway.readSession(session_id, 'unblock');
  await tell(shop, { ...report, status: 'expired', payment_status: 'unpaid' });
  return () => tell(shop, report);
}

export interface Facts {
  readonly orders: readonly string[];
  readonly reviews: readonly (string | null)[];
  readonly topics: readonly string[];
  readonly refunds: readonly string[];
  readonly books: Readonly<Record<string, number>>;
  readonly held: number;
  readonly sold: number;
}

/** Everything that a shopkeeper would miss. */
export async function facts(shop: PaymentDesk): Promise<Facts> {
  const { db } = shop;
  const { books, held, sold } = await shop.tally();
  const orders = await db.selectFrom('orders').select(['status', 'review_reason']).orderBy('id').execute();
  const messages = await db.selectFrom('outbox_messages').select('topic').orderBy('id').execute();
  const refunds = await db.selectFrom('refunds').select(['amount_minor', 'status']).orderBy('id').execute();
  return {
    orders: orders.map(({ status }) => status),
    reviews: orders.map(({ review_reason }) => review_reason),
    topics: messages.map(({ topic }) => topic),
    refunds: refunds.map(({ amount_minor, status }) => `${amount_minor} ${status}`),
    ...{ books, held, sold },
  };
}
