// Goal: whoever shares a statement with strangers is not refused, held up or sent away by what is the matter with them.
// Method: a whole shop on a real Postgres; crowds that come at the same moment, with one among them who is in trouble.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type GatePoint, sql } from '../../src/database/index.ts';
import { listOffers } from '../../src/domain/catalog/index.ts';
import { attemptById } from '../../src/domain/payments/index.ts';
import { type StartCheckout, startCheckout } from '../../src/flows/checkout/start-checkout.ts';
import { defineKassa, item, pack, usd } from '../../src/index.ts';
import { Bug, type KassaError } from '../../src/kernel/errors.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

const SHOP = defineKassa({
  currency: 'usd',
  seller: { name: 'Still Water', email: 'desk@example.com', country: 'US' },
  catalog: {
    poster: item({ name: 'Poster', price: usd('9.99'), capacity: 100 }),
    towel: item({ name: 'Towel', price: usd('10.00'), capacity: 1 }),
    stool: item({ name: 'Stool', price: usd('20.00'), capacity: 2 }),
    day: pack({ name: 'Spa day', price: usd('150.00'), includes: { towel: 1 } }),
  },
  contracts: { 'hosted-checkout': true },
});

const sent: GatePoint[] = [];
let counter: Counter;
const ids = new Map<string | null, string>();
beforeAll(async () => {
  const gate: NonNullable<NonNullable<Parameters<typeof openCounter>[0]>['database']>['gate'] = (point, run) => {
    sent.push(point);
    return run();
  };
  counter = await openCounter({
    config: SHOP,
    database: { gate },
    rates: { overall_per_s: 1_000, endpoint_per_s: 1_000 },
  });
  for (const { key, id } of await listOffers(counter.db, counter.house.shop)) ids.set(key, id);
});
afterAll(() => counter?.close());
beforeEach(() => {
  sent.length = 0;
});

function wish(offer: string, more: Partial<StartCheckout> = {}): StartCheckout {
  return {
    ...{ contract: 'hosted-checkout', presentation: 'hosted', buyer: {}, metadata: {} },
    success_url: 'https://shop.example',
    lines: [{ offer_id: ids.get(offer) ?? '', quantity: 1 }],
    render: ({ attempt_id }) => attempt_id,
    ...more,
  };
}

async function crowd(wishes: readonly StartCheckout[]): Promise<string[]> {
  const told = await Promise.allSettled(wishes.map((one) => startCheckout(counter.house, one)));
  return told.map((one) =>
    one.status === 'fulfilled' ? 'opened' : ((one.reason as KassaError).code ?? one.reason.name),
  );
}

test('a mistake about one buyer, in the price or in the answer, is told to that one alone', async () => {
  const fails = (): never => {
    throw new Bug('a mistake of ours');
  };
  const in_price = wish('poster', { claim: { of: 'list', amountIn: fails } });
  const in_answer = wish('poster', { render: fails });
  expect(await crowd([in_price, wish('poster'), in_answer, wish('poster')])).toEqual([
    'Bug',
    'opened',
    'Bug',
    'opened',
  ]);
});

test('the last pieces that a mistake of ours was about to set aside go to whoever stands behind', async () => {
  const { gateway } = counter.house;
  // Somebody hears that there are not enough, so that from now on pieces are counted before they are taken.
  expect(await crowd([wish('stool', { lines: [{ offer_id: ids.get('stool') ?? '', quantity: 3 }] })])).toEqual([
    'sold_out',
  ]);
  const { composeSession } = gateway;
  gateway.composeSession = (request) => {
    if (request.success_url?.includes('mistake')) throw new Bug('a mistake of ours');
    return composeSession(request);
  };
  const both = [{ offer_id: ids.get('stool') ?? '', quantity: 2 }];
  const in_question = wish('stool', { lines: both, success_url: 'https://shop.example/mistake' });
  const told = await crowd([in_question, wish('stool'), wish('stool')]);
  gateway.composeSession = composeSession;
  expect(told).toEqual(['Bug', 'opened', 'opened']);
});

test('two answers for one order that come at the same moment hold up no stranger', async () => {
  const { house, db } = counter;
  const bodies = await Promise.all([wish('poster'), wish('poster')].map((one) => startCheckout(house, one)));
  const [twice, stranger] = await Promise.all(
    bodies.map(async ({ body }) => {
      const attempt = await attemptById(db, JSON.parse(body));
      if (!attempt) throw new Error('the attempt is gone');
      const { session_id, payment_id, url, client_secret, amount, currency } = attempt;
      const opened = { session_id, payment_id, url, client_secret, status: 'open', amount_minor: amount, currency };
      return { attempt, opened, finish: async () => 'told' };
    }),
  );
  if (!house.shared || !twice || !stranger) throw new Error('nothing is shared here');
  const { attach } = house.shared;
  expect(await Promise.all([attach(twice), attach(twice), attach(stranger)])).toEqual(['told', 'alone', 'told']);
});

test('a package of which a part is sold out is refused by one look, and nobody else is sent away with it', async () => {
  expect(await crowd([wish('day')])).toEqual(['opened']);
  const days = Array.from({ length: 12 }, () => wish('day'));
  expect(new Set(await crowd(days))).toEqual(new Set(['sold_out']));
  sent.length = 0;
  expect(new Set(await crowd(days))).toEqual(new Set(['sold_out']));
  expect(sent.filter(({ kind }) => kind === 'statement')).toHaveLength(1);
  expect(await crowd([wish('poster'), ...days])).toEqual(['opened', ...days.map(() => 'sold_out')]);
});

test('a crowd that waits for the stock of one offer holds that of no other one meanwhile', async () => {
  const { db } = counter;
  await crowd([wish('towel'), wish('towel')]);
  const [first = '', then = ''] = [ids.get('poster'), ids.get('towel')].toSorted();
  const lock = (offer_id: string) => sql`select from kassa.stock where offer_id = ${offer_id} for update nowait`;
  const coming = await db.transaction().execute(async (tx) => {
    await lock(first).execute(tx);
    const crowded = crowd([wish('poster'), wish('towel')]);
    for (let waits = 0; waits === 0; ) {
      const { rows } = await sql<{ waits: number }>`select count(*)::int as waits from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      waits = rows[0]?.waits ?? 0;
    }
    // Whoever takes both in the order of their ids is not met by somebody who has taken the second one already.
    await lock(then).execute(tx);
    return { crowded };
  });
  expect(await coming.crowded).toEqual(['opened', 'sold_out']);
});
