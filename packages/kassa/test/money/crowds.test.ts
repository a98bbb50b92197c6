// Goal: however many ask at once, what is there once is sold once: seats, hours, uses of a coupon, credits.
// Method: hundreds of drafts of orders run at once on a real Postgres. Beside each crowd stands its control: the same
// race without the guard does sell twice, and with the constraint alone it is refused.
import { afterEach, describe, expect, test } from 'vitest';
import { inTransaction, sql, WORKER_LIMITS } from '../../src/database/index.ts';
import type { WishLine } from '../../src/flows/house.ts';
import type { StartCheckout } from '../../src/flows/opening/checkout-wish.ts';
import { writeDraft } from '../../src/flows/opening/write-draft.ts';
import { openSpa, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => spa?.close());
const open = async (): Promise<Spa> => {
  spa = await openSpa({ database: { poolMax: 25, poolWaitMs: 120_000, limits: WORKER_LIMITS } });
  return spa;
};

interface Crowd {
  readonly size: number;
  readonly lines: (buyer: number) => readonly WishLine[];
  readonly as?: (buyer: number) => string;
  readonly more?: { readonly coupon_code?: string; readonly use_credits?: boolean };
}

/** The first step of as many checkouts, all at once: everything up to the moment at which Stripe would be asked. */
async function crowd(of: Spa, { size, lines, as = (buyer) => `buyer${buyer}`, more = {} }: Crowd) {
  const { house, db } = of;
  const tries = Array.from({ length: size }, (_, buyer) =>
    inTransaction(db, async (tx) => {
      const user_id = as(buyer);
      const wish = { lines: lines(buyer), currency: undefined, user_id, ...more };
      const quote = await house.quoteBasket(house, tx, { ...wish, will_hold: true });
      const command: StartCheckout = {
        ...{ contract: 'booking-checkout', presentation: 'intent', lines: wish.lines, buyer: { user_id } },
        ...{ success_url: null, metadata: {}, render: () => null },
      };
      await writeDraft(house, tx, { command, quote, at: house.clock.now() });
      return quote;
    }),
  );
  const ended = await Promise.allSettled(tries);
  const held = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const refused = ended.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code?: string }).code] : []));
  return { held, refused };
}

/** More by KASSA_TEST_CROWD_ROUNDS. */
const ROUNDS = Number(process.env.KASSA_TEST_CROWD_ROUNDS ?? 1);

test('five hundred buyers of a hundred tickets: a hundred have one', {
  timeout: 120_000 + ROUNDS * 20_000,
}, async () => {
  const of = await open();
  const concert = [{ offer_id: of.id('concert'), quantity: 1 }];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const as = (buyer: number): string => `buyer${buyer} of round ${round}`;
    const { held, refused } = await crowd(of, { size: 500, lines: () => concert, as });
    expect(held, `round ${round}`).toHaveLength(100);
    expect(new Set(refused)).toEqual(new Set(['sold_out']));
    const stock = of.db.selectFrom('stock').select(['held', 'sold']).where('offer_id', '=', of.id('concert'));
    expect(await stock.execute()).toEqual([{ held: 100 * round, sold: 0 }]);
    expect(await countOf(of, 'orders')).toBe(100 * round);
    // A new hall for the next five hundred: what the others have stays held.
    const capacity = 100 * (round + 1);
    await of.db.updateTable('stock').set({ capacity }).where('offer_id', '=', of.id('concert')).execute();
  }
});

test('fifty buyers of one hour: one has it', async () => {
  const of = await open();
  const hour = [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(1) }];
  const { held, refused } = await crowd(of, { size: 50, lines: () => hour });
  expect(held).toHaveLength(1);
  expect(new Set(refused)).toEqual(new Set(['slot_taken']));
});

test('fifty buyers of hours that touch each other in every way: none overlap, and nobody waits for ever', async () => {
  const of = await open();
  const lines = (buyer: number): WishLine[] => {
    const first = { offer_id: of.id('massage'), quantity: 1, slot: of.slot(1, { at_minute: 20 * (buyer % 10) }) };
    const pat = { minutes: 90, with: buyer % 2 === 0 ? '456' : '457' };
    const second = {
      offer_id: of.id('sauna'),
      quantity: 1,
      slot: of.slot(1, { ...pat, at_minute: 300 - 25 * (buyer % 7) }),
    };
    return buyer % 3 === 0 ? [second, first] : [first, second];
  };
  const { held, refused } = await crowd(of, { size: 50, lines });
  expect(held.length).toBeGreaterThan(0);
  expect(new Set(refused)).toEqual(new Set(['slot_taken']));
  const { rows } = await sql`
    select from kassa.appointments a join kassa.appointments b on a.practitioner_id = b.practitioner_id and a.id < b.id
     where a.blocked && b.blocked`.execute(of.db);
  expect(rows).toEqual([]);
});

test('fifty uses of a coupon for five: five are used', async () => {
  const of = await open();
  const concert = [{ offer_id: of.id('concert'), quantity: 1 }];
  const { held, refused } = await crowd(of, { size: 50, lines: () => concert, more: { coupon_code: 'FEW' } });
  expect(held).toHaveLength(5);
  expect(new Set(refused)).toEqual(new Set(['coupon_not_valid']));
  expect(await countOf(of, 'coupon_uses')).toBe(5);
});

test('one buyer in fifty windows with a coupon for one use: one window has it', async () => {
  const of = await open();
  const concert = [{ offer_id: of.id('concert'), quantity: 1 }];
  const ann = { as: () => 'ann', more: { coupon_code: 'ONCE' } };
  const { held } = await crowd(of, { size: 50, lines: () => concert, ...ann });
  expect(held).toHaveLength(1);
});

test('fifty checkouts of one buyer with 2000 credits never spend more, and none is refused', async () => {
  const of = await open();
  await of.grant(700);
  await of.grant(1_300);
  const concert = [{ offer_id: of.id('concert'), quantity: 1 }];
  const { held, refused } = await crowd(of, {
    size: 50,
    lines: (buyer) => (buyer % 2 === 0 ? concert : [{ offer_id: of.id('pebble'), quantity: 5 }]),
    as: () => 'ann',
    more: { use_credits: true },
  });
  expect(refused).toEqual([]);
  expect(held.reduce((sum, quote) => sum + quote.credits_minor, 0)).toBe(2_000);
  expect(await of.balance()).toMatchObject({ balance_minor: 2_000, held_minor: 2_000, available_minor: 0 });
});

test('fifty buyers of packages with too little of one part: whoever has one has all of it', async () => {
  const of = await open();
  const day = [{ offer_id: of.id('day'), quantity: 1 }];
  const { held, refused } = await crowd(of, { size: 50, lines: () => day });
  // Four towels are there, and a package takes two.
  expect(held).toHaveLength(2);
  expect(new Set(refused)).toEqual(new Set(['sold_out']));
  const { rows } = await sql`
    select offer.key, stock.held from kassa.stock join kassa.offers offer on offer.id = stock.offer_id
     where stock.held > 0 order by offer.key`.execute(of.db);
  expect(rows).toEqual([
    { key: 'tea', held: 2 },
    { key: 'towel', held: 4 },
  ]);
});

async function countOf(of: Spa, table: string): Promise<number> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::int as count from ${sql.table(`kassa.${table}`)}`.execute(of.db);
  return rows[0]?.count ?? 0;
}

/** Two buyers who both look before either of them takes: what the guards are there for. */
interface Race {
  readonly name: string;
  readonly constraint: string;
  readonly drop: string;
  readonly take: (of: Spa, buyer: number) => string;
  /** How much was taken, which must never be more than one. */
  readonly taken: (of: Spa) => string;
  readonly before?: (of: Spa) => Promise<unknown>;
}

const BUYERS = [0, 1];

const RACES: Race[] = [
  {
    name: 'the last seat',
    constraint: 'stock_never_oversold',
    drop: 'alter table kassa.stock drop constraint stock_never_oversold',
    before: (of) => sql`update kassa.stock set held = capacity - 1 where offer_id = ${of.id('concert')}`.execute(of.db),
    take: (of) => `update kassa.stock set held = held + 1 where offer_id = '${of.id('concert')}'`,
    taken: (of) => `select held - capacity + 1 as taken from kassa.stock where offer_id = '${of.id('concert')}'`,
  },
  {
    name: 'one hour',
    constraint: 'appointments_never_overlap',
    drop: 'alter table kassa.appointments drop constraint appointments_never_overlap',
    before: async (of) => {
      for (const days of [1, 2]) await of.order([{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(days) }]);
      await sql`update kassa.appointments set state = 'released', during = tstzrange('2027-01-01 10:00Z', '2027-01-01 11:00Z'),
        blocked = tstzrange('2027-01-01 10:00Z', '2027-01-01 11:00Z')`.execute(of.db);
    },
    take: (_of, buyer) => `update kassa.appointments set state = 'confirmed'
      where id = (select id from kassa.appointments order by id offset ${buyer} limit 1)`,
    taken: () => `select count(*)::int as taken from kassa.appointments where state = 'confirmed'`,
  },
  {
    name: 'the last use of a coupon',
    constraint: 'coupons_uses_within_limit',
    drop: 'alter table kassa.coupons drop constraint coupons_uses_within_limit',
    before: (of) => sql`update kassa.coupons set uses = 4 where code = 'FEW'`.execute(of.db),
    take: () => `update kassa.coupons set uses = uses + 1 where code = 'FEW'`,
    taken: () => `select uses - 4 as taken from kassa.coupons where code = 'FEW'`,
  },
  {
    name: 'the last credit',
    constraint: 'credit_lots_never_negative',
    drop: 'alter table kassa.credit_lots drop constraint credit_lots_never_negative',
    before: (of) => of.grant(1),
    take: () => 'update kassa.credit_lots set held = held + 1',
    taken: () => 'select held::int as taken from kassa.credit_lots',
  },
];

describe.each(RACES)('$name', ({ constraint, drop, take, taken, before }) => {
  /** Both take what both saw to be free. @returns what was taken, and which constraints said no. */
  async function race(of: Spa): Promise<[number, unknown[]]> {
    const tries = BUYERS.map((buyer) => sql.raw(take(of, buyer)).execute(of.db));
    const ended = await Promise.allSettled(tries);
    const refused = ended.flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as { constraint?: string }).constraint] : [],
    );
    const { rows } = await sql.raw<{ taken: number }>(taken(of)).execute(of.db);
    return [Number(rows[0]?.taken), refused];
  }

  test('is taken twice by two who do not look again, when nothing stands behind them', async () => {
    const of = await open();
    await before?.(of);
    await sql.raw(drop).execute(of.db);
    expect(await race(of)).toEqual([2, []]);
  });

  test('is refused to the second by the database itself', async () => {
    const of = await open();
    await before?.(of);
    expect(await race(of)).toEqual([1, [constraint]]);
  });
});
