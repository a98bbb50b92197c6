// Goal: those who ask for a price at the same moment share a statement and a commit, and nobody notices: each hears what
// they would have heard alone, and what is wrong with one is nobody else's business.
// Method: a real shop and a real Postgres behind a gate that sees everything that is sent; the same wishes together and
// one by one.
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GatePoint, sql } from '../../src/database/index.ts';
import { findQuote } from '../../src/domain/pricing/index.ts';
import { type PricedWish, type PriceWish, priceBasket } from '../../src/flows/checkout/price-basket.ts';
import { openSpa, type Spa } from '../setup/spa.ts';

let spa: Spa;
const sent: GatePoint[] = [];
let before: (point: GatePoint) => Promise<void> = async () => undefined;
/** Runs outside of whatever transaction is open around the caller, as another process does. */
const elsewhere = AsyncLocalStorage.snapshot();

beforeEach(async () => {
  before = async () => undefined;
  spa = await openSpa({
    database: {
      gate: async (point, run) => {
        sent.push(point);
        await before(point);
        return run();
      },
    },
  });
});
afterEach(async () => spa?.close());

const wish = (offer: string, more: Partial<PriceWish> = {}): PriceWish => ({
  lines: [{ offer_id: spa.id(offer), quantity: 1 }],
  currency: undefined,
  user_id: 'ann',
  ...more,
});

const count = (kind: GatePoint['kind']): number => sent.filter((point) => point.kind === kind).length;

/** What somebody hears, without what is new each time; `stored` is the quote as the database has it. */
async function heard(work: Promise<PricedWish>): Promise<unknown> {
  try {
    const { quote, offers, credits_available_minor } = await work;
    const stored = await findQuote(spa.db, spa.house.shop, quote.id);
    expect(stored).toEqual(quote);
    const { id: _, expires_at: __, ...told } = quote;
    return { told, offers: [...offers.keys()], credits_available_minor };
  } catch (error) {
    const { code, message, details } = error as { code?: string; message: string; details?: unknown };
    return { code, message, details };
  }
}

const stored = async (): Promise<number> => {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from kassa.quotes`.execute(spa.db);
  return rows[0]?.count ?? -1;
};

test('twenty prices that are asked for at once are one statement and one commit, and each is stored', async () => {
  await spa.price([{ offer_id: spa.id('five'), quantity: 1 }]);
  sent.length = 0;
  const asked = Array.from({ length: 20 }, (_, at) => priceBasket(spa.house, wish('five', { user_id: `buyer${at}` })));
  const priced = await Promise.all(asked);
  expect({ statements: count('statement'), commits: count('commit') }).toEqual({ statements: 1, commits: 1 });
  expect(new Set(priced.map(({ quote }) => quote.id)).size).toBe(20);
  expect(await stored()).toBe(21);
});

test('nobody is answered before the commit', async () => {
  await spa.price([{ offer_id: spa.id('five'), quantity: 1 }]);
  let answered = 0;
  let at_commit = -1;
  before = async ({ kind }) => {
    if (kind === 'commit') at_commit = answered;
  };
  const asked = Array.from({ length: 3 }, () => priceBasket(spa.house, wish('five')).then(() => (answered += 1)));
  await Promise.all(asked);
  expect(at_commit).toBe(0);
});

test('each hears together what they hear alone: prices, credits and refusals', async () => {
  await spa.grant(3_000);
  await spa.grant(500, { user_id: 'bob' });
  await spa.grant(700, { user_id: 'bob' });
  await spa.grant(900, { user_id: 'old', expires_at: new Date('2026-11-20T00:00:00Z') });
  await spa.grant(2, { user_id: 'cat', offer: 'massage' });
  await spa.sell([{ offer_id: spa.id('tea'), quantity: 2 }]);
  const wishes: PriceWish[] = [
    wish('five'),
    wish('gift', { user_id: 'bob' }),
    wish('gift', { user_id: 'old' }),
    wish('five', { user_id: 'cat' }),
    wish('concert', { user_id: null }),
    wish('five', { user_id: null }),
    wish('day'),
    wish('tea'),
    wish('tea', { lines: [{ offer_id: spa.id('tea'), quantity: 2 }] }),
    wish('towel', { lines: [{ offer_id: spa.id('towel'), quantity: 99 }] }),
    wish('five', { currency: 'eur' }),
    wish('five', { lines: [] }),
    wish('five', { lines: [{ offer_id: '00000000-0000-7000-8000-000000000000', quantity: 1 }] }),
    wish('massage', { lines: [{ offer_id: spa.id('massage'), quantity: 1, slot: spa.slot(3) }] }),
    wish('five', { coupon_code: 'TENTH' }),
    wish('five', { coupon_code: 'NEVER' }),
    wish('concert', { use_credits: true }),
  ];
  const together = await Promise.all(wishes.map((one) => heard(priceBasket(spa.house, one))));
  const alone: unknown[] = [];
  for (const one of wishes) alone.push(await heard(priceBasket({ ...spa.house, shared: null }, one)));
  expect(together).toEqual(alone);
});

test('what is sold out is refused to whoever wants it, and leaves no quote', async () => {
  await spa.sell([{ offer_id: spa.id('tea'), quantity: 3 }]);
  const quotes = await stored();
  const told = await Promise.allSettled([
    priceBasket(spa.house, wish('five')),
    priceBasket(spa.house, wish('tea')),
    priceBasket(spa.house, wish('gift')),
  ]);
  expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(told[1]).toMatchObject({ reason: { code: 'sold_out', details: { offer_id: spa.id('tea') } } });
  expect(await stored()).toBe(quotes + 2);
});

test('a row that the database refuses fails by itself', async () => {
  const told = await Promise.allSettled([
    priceBasket(spa.house, wish('five')),
    priceBasket(spa.house, wish('five', { user_id: 'a'.repeat(300) })),
    priceBasket(spa.house, wish('gift')),
  ]);
  expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await stored()).toBe(2);
});

test('prices that change while many are asked for are told anew to all of them', async () => {
  await spa.price([{ offer_id: spa.id('gift'), quantity: 1 }]);
  let changed = false;
  before = async ({ kind, sql: text }) => {
    if (changed || kind !== 'statement' || !text.includes('"quotes"')) return;
    changed = true;
    await elsewhere(() =>
      sql`update kassa.prices set unit_minor = 2100
        where offer_id = (select id from kassa.offers where key = 'gift')`.execute(spa.db),
    );
  };
  const priced = await Promise.all([priceBasket(spa.house, wish('gift')), priceBasket(spa.house, wish('gift'))]);
  expect(changed).toBe(true);
  expect(priced.map(({ quote }) => quote.total_minor)).toEqual([2_100, 2_100]);
  expect(await stored()).toBe(3);
});

test('a checkout may name a quote that was made together with others', async () => {
  const [, mine] = await Promise.all([
    priceBasket(spa.house, wish('five', { user_id: 'bob' })),
    priceBasket(spa.house, wish('five')),
  ]);
  const again = { quote_id: mine.quote.id, lines: [] };
  expect((await priceBasket(spa.house, wish('five', again))).quote).toEqual(mine.quote);
  await expect(priceBasket(spa.house, wish('five', { ...again, user_id: 'bob' }))).rejects.toMatchObject({
    code: 'not_found',
  });
});
