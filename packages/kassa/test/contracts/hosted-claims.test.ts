// Goal: what a page believes about a price is compared with the price that it can mean, in that price's own currency;
// and a buyer who signed in gets pages as often as a person needs them, one at a time.
// Method: HTTP against the whole shop, in euro and with tax, so that neither dollars nor sums agree by chance.
import { afterEach, expect, test } from 'vitest';
import { defineKassa, eur, item, pack } from '../../src/index.ts';
import { BASE } from '../setup/booking.ts';
import { ORIGIN, type Shop, startShop } from '../setup/shop.ts';

const SHOP = defineKassa({
  currency: 'eur',
  seller: { name: 'Bureau', email: 'bureau@example.com', country: 'DE' },
  tax: { standard: '10' },
  catalog: {
    print: item({ name: 'Print', price: eur('20.00'), taxClass: 'standard' }),
    flyer: item({ name: 'Flyer', price: eur('0.00'), taxClass: 'none' }),
    desk: pack({ name: 'Desk', externalId: 999, price: eur('50.00'), taxClass: 'standard', includes: { print: 1 } }),
  },
  coupons: { HALF: { percentOff: 50 } },
  contracts: { 'hosted-checkout': true, 'booking-checkout': true },
});
const PAGE = { success_url: `${ORIGIN}/pay` };

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});
const start = async (): Promise<Shop> => {
  shop = await startShop({ config: SHOP });
  return shop;
};

async function told(answer: Response): Promise<unknown[]> {
  const { code, details } = (await answer.json()) as { code?: string; details?: unknown };
  return code === undefined ? [answer.status] : [answer.status, code, details];
}

const signedIn = (of: Shop, sub = 'ann'): Record<string, string> => ({
  Authorization: `Bearer ${of.token({ sub, email: `${sub}@example.com` })}`,
});

/** A price that booking-checkout told, which any contract honours. */
async function quoted(of: Shop, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const answer = await of.send(`${BASE}/checkout/calculate-price`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...signedIn(of) },
    body: JSON.stringify({ checkout_type: 'package', items: [{ service_id: 999 }], ...more }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { quote_id: string }).quote_id;
}

test('H12: an amount beside a price is the price times the quantity, as the catalogue says it: before tax and coupon', async () => {
  const of = await start();
  const two = { offer: 'print', quantity: 2, ...PAGE };
  const { session_id } = await of.opened({ ...two, amount: 40 });
  expect(await of.status(session_id)).toMatchObject({ amount_total: 4_400, currency: 'eur' });
  const with_tax = await told(await of.create({ ...two, amount: 44 }));
  expect(with_tax).toEqual([409, 'PRICE_MISMATCH', { expected_amount: 40, currency: 'eur' }]);
  const half = await of.opened({ ...two, amount: '40.00', currency: 'EUR', coupon_code: 'HALF' });
  expect(await of.status(half.session_id)).toMatchObject({ amount_total: 2_200 });
});

test('H12: an amount beside a quote is the quote’s total in the quote’s currency, whether the page names it or not', async () => {
  const of = await start();
  const quote_id = await quoted(of);
  const create = (more: object) => of.create({ quote_id, ...PAGE, ...more }, signedIn(of));
  const wrong = [409, 'PRICE_MISMATCH', { expected_amount: 55, currency: 'eur' }];
  expect(await told(await create({ amount: 50 }))).toEqual(wrong);
  expect(await told(await create({ amount: 55, currency: 'usd' }))).toEqual(wrong);
  expect(await told(await create({ currency: 'usd' }))).toEqual(wrong);
  expect(await told(await create({ amount: 0 }))).toEqual([400, 'INVALID_AMOUNT', expect.anything()]);
  expect(await told(await create({ amount: '5.500' }))).toEqual([400, 'INVALID_AMOUNT', expect.anything()]);
  const { session_id } = await of.opened({ quote_id, amount: 55, ...PAGE }, signedIn(of));
  expect(await of.status(session_id)).toMatchObject({ amount_total: 5_500, currency: 'eur' });
});

test('H21: nothing may be claimed for what is free, and for nothing else', async () => {
  const of = await start();
  for (const amount of [0, '0.00']) expect((await of.create({ offer: 'flyer', amount, ...PAGE })).status).toBe(200);
  const wrong = [409, 'PRICE_MISMATCH', { expected_amount: 0, currency: 'eur' }];
  expect(await told(await of.create({ offer: 'flyer', amount: 1, ...PAGE }))).toEqual(wrong);
  expect(await told(await of.create({ offer: 'print', amount: 0, ...PAGE }))).toEqual([
    400,
    'INVALID_AMOUNT',
    expect.anything(),
  ]);
});

test('a coupon beside a quote is the quote’s own; another one is refused and not quietly left out', async () => {
  const of = await start();
  const create = (body: object) => of.create({ ...PAGE, ...body }, signedIn(of));
  const plain = await quoted(of);
  const other = [400, 'INVALID_REQUEST', { coupon_code: 'not in the quote' }];
  expect(await told(await create({ quote_id: plain, coupon_code: 'HALF' }))).toEqual(other);
  const half = await quoted(of, { coupon_code: 'HALF' });
  expect(await told(await create({ quote_id: half, coupon_code: 'TENTH' }))).toEqual(other);
  expect(await told(await create({ quote_id: half, coupon_code: ' half ', amount: '27.50' }))).toEqual([200]);
});

test('check 96: a quote is bought as what it was priced as', async () => {
  const of = await start();
  const quote_id = await quoted(of);
  for (const path of ['create', 'calculate-price']) {
    const ask = (checkout_type: string) =>
      of.send(`${BASE}/checkout/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...signedIn(of) },
        body: JSON.stringify({ checkout_type, quote_id }),
      });
    const wrong = [400, 'INVALID_REQUEST', { checkout_type: 'not what was quoted' }];
    expect(await told(await ask('bundle'))).toEqual(wrong);
    expect(await told(await ask('package'))).toEqual([200]);
  }
});

test('H3: a field that is sent as null is one that was left out, as clients write it that know all fields', async () => {
  const of = await start();
  const nothing = {
    stripe_price_id: null,
    quote_id: null,
    coupon_code: null,
    currency: null,
    cancel_url: null,
    metadata: null,
  };
  const { session_id } = await of.opened({ ...nothing, offer: 'print', ...PAGE });
  expect(await of.status(session_id)).toMatchObject({ amount_total: 2_200, currency: 'eur', metadata: {} });
  expect((await of.stripe.checkout.sessions.retrieve(session_id)).cancel_url).toBe(`${ORIGIN}/pay`);
  // An amount says something: nothing is no amount.
  expect(await told(await of.create({ ...nothing, offer: 'print', amount: null, ...PAGE }))).toEqual([
    ...[400, 'INVALID_REQUEST', expect.anything()],
  ]);
});

test('a signed-in buyer has one page, which the next one ends', async () => {
  const of = await start();
  const first = await of.opened({ offer: 'print', ...PAGE }, signedIn(of));
  const second = await of.opened({ offer: 'print', quantity: 3, ...PAGE }, signedIn(of));
  expect(await of.status(first.session_id)).toMatchObject({ status: 'expired', payment_status: 'unpaid' });
  expect(await of.status(second.session_id)).toMatchObject({ status: 'open', amount_total: 6_600 });
  expect((await of.stripe.checkout.sessions.retrieve(first.session_id)).status).toBe('expired');
});

test('check 13: a signed-in buyer opens twenty pages a minute, wherever they are, and nobody else waits for it', async () => {
  const of = await start();
  const wish = { offer: 'flyer', ...PAGE };
  for (let page = 0; page < 20; page += 1) expect((await of.create(wish, signedIn(of))).status).toBe(200);
  const refused = await of.create(wish, signedIn(of));
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '60']);
  expect((await of.create(wish, signedIn(of, 'bob'))).status).toBe(200);
  expect((await of.create(wish)).status).toBe(200);
});
