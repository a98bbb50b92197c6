// Goal: it does not matter through which contract something is bought: the same offer, the same buyer and the same
// payment leave the same order, the same money and the same stock.
// Method: a ticket, and a package, bought through each contract that sells it, in a shop of its own; the rows of all that a shopkeeper would miss,
// without ids, times and what is the contract's own, are hashed and compared.
import { afterEach, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { defineKassa, type KassaConfig, ticket, usd } from '../../src/index.ts';
import { hashOf } from '../../src/kernel/ids.ts';
import { BASE, PRACTICE } from '../setup/booking.ts';
import { type ChatShop, startChat } from '../setup/chat.ts';
import { ORIGIN } from '../setup/shop.ts';

const SEAT = 'seat';
const EMAIL = 'ann@example.com';

/** One thing, which every contract sells. */
const SHOP = defineKassa({
  currency: 'usd',
  seller: { name: 'Hall', email: 'hall@example.com', country: 'US' },
  catalog: { [SEAT]: ticket({ name: 'Seat', price: usd('20.00'), capacity: 3 }) },
  contracts: {
    'hosted-checkout': { product: SEAT },
    'ticket-order': { product: SEAT },
    'embedded-checkout': { product: SEAT },
    'chat-payments': true,
  },
});

let shop: ChatShop | undefined;
afterEach(async () => shop?.close());

type Buy = (of: ChatShop) => Promise<void>;

const SEAT_BY: Readonly<Record<string, Buy>> = {
  'hosted-checkout': async (of) => {
    const { session_id } = await of.opened({ offer: SEAT, success_url: `${ORIGIN}/pay` });
    await of.sandbox.control.pay(session_id, { outcome: 'pays', email: EMAIL });
  },
  'ticket-order': async (of) => {
    const secret = String(await (await of.send('/api/screening/', { method: 'POST' })).json());
    const [stripe_checkout_session_id = ''] = secret.split('_secret_');
    const body = JSON.stringify({ stripe_checkout_session_id, email: EMAIL });
    const headers = { 'Content-Type': 'application/json' };
    expect((await of.send('/api/screening/pending', { method: 'POST', headers, body })).status).toBe(200);
    await of.sandbox.control.pay(stripe_checkout_session_id, { outcome: 'pays', email: EMAIL });
  },
  'embedded-checkout': async (of) => {
    const answer = await of.send('/api/checkout/embedded-session', { method: 'POST' });
    const { client_secret } = (await answer.json()) as { client_secret: string };
    await of.sandbox.control.pay(client_secret.split('_secret_')[0] ?? '', { outcome: 'pays', email: EMAIL });
  },
  'chat-payments': async (of) => {
    const page = { success_url: `${ORIGIN}/success`, cancel_url: `${ORIGIN}/cancel` };
    const { status, body } = await of.post('/checkout/create', { items: [{ offer: SEAT }], ...page });
    expect([status, body]).toEqual([200, expect.anything()]);
    const { id } = body.checkout_session as { id: string };
    await of.sandbox.control.pay(id, { outcome: 'pays', email: EMAIL });
  },
  'chat-payments, without a page': async (of) => {
    const made = await of.post('/customer/create', { email: EMAIL });
    const { id: customer_id } = made.body.customer as { id: string };
    const wish = { amount: 20, currency: 'usd', offer: SEAT, customer_id };
    const { body } = await of.post('/intent/create', wish);
    const { id } = body.payment_intent as { id: string };
    const page = { payment_method: 'pm_card_visa', return_url: `${ORIGIN}/paid` };
    await of.stripe.paymentIntents.confirm(id, page);
  },
};

/** What identifies a row, when it was written, and what a contract says of itself. */
const OWN =
  /(^|_)(id|ids|at|hash|key|url|until)$|^(contract|presentation|metadata|fields|mode|external_reference|client_secret|row|version|cause|details|order_number|number|expires|claims|status_detail|quote|opened_from)/;

/** A session is complete where an intent has succeeded. */
const STRIPES_WORD = 'payment_transactions.status';

/** Everything that has been sold, paid, held, posted and told, in words that do not depend on ids or times. */
async function stateOf({ db }: ChatShop): Promise<Readonly<Record<string, unknown[]>>> {
  const tables = ['orders', 'order_lines', 'payment_transactions', 'holds', 'stock', 'ledger_entries', 'effects'];
  const found: Record<string, unknown[]> = {};
  for (const table of tables) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(`kassa.${table}`)}`.execute(db);
    const bare = rows.map((row) =>
      JSON.stringify(
        Object.entries(row)
          .filter(([name]) => !OWN.test(name) && `${table}.${name}` !== STRIPES_WORD)
          .sort(),
      ),
    );
    found[table] = bare.sort();
  }
  const told = await sql<{ topic: string }>`select topic from kassa.outbox_messages order by topic`.execute(db);
  return { ...found, told: told.rows };
}

async function boughtThrough(config: KassaConfig, buy: Buy): Promise<Readonly<Record<string, unknown[]>>> {
  shop = await startChat({ config });
  await buy(shop);
  await shop.rest();
  const state = await stateOf(shop);
  await shop.close();
  shop = undefined;
  return state;
}

/** What booking-checkout sells and others too: a package of things. */
const SPA: KassaConfig = {
  ...PRACTICE,
  contracts: { 'hosted-checkout': true, 'booking-checkout': true, 'chat-payments': true },
};

const SPA_BY: Readonly<Record<string, Buy>> = {
  'hosted-checkout': async (of) => {
    const signed_in = { Authorization: `Bearer ${of.token({ sub: 'ann', email: EMAIL })}` };
    const { session_id } = await of.opened({ offer: '999', success_url: `${ORIGIN}/pay` }, signed_in);
    await of.sandbox.control.pay(session_id, { outcome: 'pays', email: EMAIL });
  },
  'booking-checkout': async (of) => {
    const Authorization = `Bearer ${of.token({ sub: 'ann', email: EMAIL })}`;
    const headers = { 'Content-Type': 'application/json', Authorization };
    const body = JSON.stringify({ checkout_type: 'package', items: [{ service_id: 999, quantity: 1 }] });
    const answer = await of.send(`${BASE}/checkout/create`, { method: 'POST', headers, body });
    const { payment_intent_id } = (await answer.json()) as { payment_intent_id: string };
    const page = { payment_method: 'pm_card_visa', return_url: `${ORIGIN}/booked` };
    await of.stripe.paymentIntents.confirm(payment_intent_id, page);
  },
  'chat-payments': async (of) => {
    const page = { success_url: `${ORIGIN}/success`, cancel_url: `${ORIGIN}/cancel` };
    const { status, body } = await of.post('/checkout/create', { items: [{ offer: '999' }], ...page });
    expect([status, body]).toEqual([200, expect.anything()]);
    const { id } = body.checkout_session as { id: string };
    await of.sandbox.control.pay(id, { outcome: 'pays', email: EMAIL });
  },
};

const PURCHASES: [string, KassaConfig, Readonly<Record<string, Buy>>][] = [
  ['one seat for 20.00', SHOP, SEAT_BY],
  ['a package of a spa day with its tax, paid on a page of Stripe’s or without one', SPA, SPA_BY],
];

test.each(PURCHASES)(
  '%s leaves the same state whichever contract sold it',
  async (_, config, ways) => {
    const states: Record<string, Readonly<Record<string, unknown[]>>> = {};
    for (const [contract, buy] of Object.entries(ways)) states[contract] = await boughtThrough(config, buy);
    const [first, ...others] = Object.values(states);
    expect(JSON.stringify(first)).toContain('paid');
    for (const state of others) expect(state).toEqual(first);
    const hashes = Object.values(states).map((state) => hashOf(JSON.stringify(state)));
    expect(new Set(hashes).size).toBe(1);
  },
  60_000,
);
