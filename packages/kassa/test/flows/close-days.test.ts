// Goal: days that are over are summed once, and no report can tell: what it says is what the entries say, however late
// one of them is committed, and whatever the clocks say.
// Method: a real Postgres; random books against sums by hand, then writers who are caught in the middle of a closing.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction, setTimer, sql } from '../../src/database/index.ts';
import { type LedgerAccount, ledgerBalances, post } from '../../src/domain/ledger/index.ts';
import { CHECKS, runChecks } from '../../src/domain/proof/index.ts';
import { readMetrics } from '../../src/domain/reports/index.ts';
import type { Shop } from '../../src/flows/house.ts';
import { type ClosedDays, closeDays } from '../../src/flows/upkeep/close-days.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { runTimers } from '../../src/workflows/run-timers.ts';
import { openCounter } from '../setup/counter.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { asAdmin } from '../setup/servers.ts';
import { realClock, realIds } from '../setup/world.ts';

const DAY_MS = 86_400_000;
const FIRST_MS = Date.parse('2026-11-01T00:00:00Z');

interface Entry {
  readonly at_ms: number;
  readonly fact: string;
  readonly account: LedgerAccount;
  readonly currency: string;
  readonly amount_minor: number;
}

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());

/** Stands still, but whoever waits by it waits. */
const clockAt = (at_ms: number): Clock => ({ now: () => new Date(at_ms), sleep: (ms) => realClock.sleep(ms) });
const closeOnce = (shop: Shop, at_ms: number, wish = {}): Promise<ClosedDays> =>
  closeDays({ db: fresh.db, shop, clock: clockAt(at_ms) }, wish);

/** As often as it takes: other tests write on the same server. */
async function close(shop: Shop, at_ms: number, wish = {}): Promise<Omit<ClosedDays, 'whole'>> {
  let { whole, ...done } = await closeOnce(shop, at_ms, wish);
  while (!whole) {
    const next = await closeOnce(shop, at_ms);
    whole = next.whole;
    done = { before: next.before, days: done.days + next.days, late: done.late + next.late };
  }
  return done;
}

async function openBooks(): Promise<Shop> {
  const tenant_id = realIds.uuid();
  const row = { id: tenant_id, key: tenant_id, name: 'Hall', created_at: new Date(FIRST_MS) };
  await fresh.db.insertInto('tenants').values(row).execute();
  return { tenant_id, mode: 'test' };
}

async function write(shop: Shop, { at_ms, fact, account, currency, amount_minor }: Entry): Promise<void> {
  const posting = {
    cause: `${fact}:${realIds.uuid()}`,
    currency,
    amounts: { [account]: amount_minor, review: -amount_minor },
  };
  const world = { ids: realIds, at: new Date(at_ms) };
  await inTransaction(fresh.db, (tx) => post(tx, { ...shop, order_id: null }, posting, world));
}

/** What was read, and what the entries add up to, in the same words. */
async function bothTell(shop: Shop, entries: readonly Entry[], [from_ms, to_ms]: readonly [number, number]) {
  const [from, to] = [new Date(from_ms), new Date(to_ms)];
  const lines = entries.flatMap((entry) => [entry, { ...entry, account: 'review', amount_minor: -entry.amount_minor }]);
  const sum = (some: readonly { amount_minor: number }[]) =>
    some.reduce((all, { amount_minor }) => all + amount_minor, 0);
  const keys = [...new Set(lines.filter(({ at_ms }) => at_ms < to_ms).map((one) => `${one.currency} ${one.account}`))];
  const balances = keys.sort().map((key) => {
    const own = lines.filter((one) => `${one.currency} ${one.account}` === key && one.at_ms < to_ms);
    const [before, moved] = [own.filter(({ at_ms }) => at_ms < from_ms), own.filter(({ at_ms }) => at_ms >= from_ms)];
    return `${key} ${sum(before)} ${sum(moved)} ${sum(own)}`;
  });
  const within = entries.filter(({ at_ms }) => at_ms >= from_ms && at_ms < to_ms);
  const money = within.filter(({ account, fact }) => account === 'fees' || fact === 'paid' || fact === 'refund');
  const metrics = [...new Set(money.map(({ currency }) => currency))].sort().map((currency) => {
    const own = money.filter((one) => one.currency === currency);
    const at = (fact: string) => own.filter((one) => one.account !== 'fees' && one.fact === fact);
    const fees = own.filter((one) => one.account === 'fees');
    return `${currency} ${sum(at('paid'))} ${at('paid').length} ${0 - sum(at('refund'))} ${sum(fees)}`;
  });
  const read = await ledgerBalances(fresh.db, shop, { from, to });
  const report = await readMetrics(fresh.db, shop, { from, to });
  return {
    told: [
      ...read.map(
        (one) => `${one.currency} ${one.account} ${one.opening_minor} ${one.moved_minor} ${one.balance_minor}`,
      ),
      ...report.map(
        (one) =>
          `${one.currency} ${one.total_revenue_minor} ${one.successful_payments} ${one.refunded_minor} ${one.fees_minor}`,
      ),
    ],
    true: [...balances, ...metrics],
  };
}

const differences = () =>
  runChecks(
    fresh.db,
    CHECKS.filter(({ kind }) => kind === 'closed_day_differs'),
    100,
  );

describe('reports of any books, closed at any time', () => {
  /** Around midnight of Greenwich, of Los Angeles and of Nepal, and anywhere in a week. */
  const moment = fc
    .tuple(
      fc.integer({ min: 0, max: 6 }),
      fc.oneof(fc.constantFrom(0, 8 * 3_600_000, 18.25 * 3_600_000), fc.integer({ min: 0, max: DAY_MS - 1 })),
      fc.constantFrom(-1, 0, 0, 1),
    )
    .map(([day, into_ms, beside_ms]) => FIRST_MS + day * DAY_MS + into_ms + beside_ms);
  const entry = fc.record({
    at_ms: moment,
    // What is sold and given back stands at Stripe, what Stripe takes under fees.
    ...{ kind: fc.constantFrom('paid stripe', 'refund stripe', 'refund elsewhere', 'fee fees', 'dispute disputes') },
    ...{ currency: fc.constantFrom('usd', 'jpy'), amount_minor: fc.integer({ min: 1, max: 100_000 }) },
  });
  const step = fc.oneof(
    { weight: 5, arbitrary: entry.map((written) => ({ written })) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 8 * DAY_MS }).map((ms) => ({ closed_ms: FIRST_MS + ms })) },
    { weight: 3, arbitrary: fc.tuple(moment, moment).map(([one, other]) => ({ read: [one, other] as const })) },
    { weight: 1, arbitrary: fc.constant({ anew: true as const }) },
  );

  test('say what the entries say, from any moment to any other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 20 }), async (steps) => {
        const shop = await openBooks();
        const entries: Entry[] = [];
        let closed_ms = FIRST_MS;
        for (const one of steps) {
          if ('written' in one) {
            const [fact = '', account] = one.written.kind.split(' ');
            const { at_ms, currency, amount_minor } = one.written;
            entries.push({ at_ms, currency, amount_minor, fact, account: account as LedgerAccount });
            await write(shop, entries.at(-1) as Entry);
          } else if ('closed_ms' in one || 'anew' in one) {
            closed_ms = 'anew' in one ? closed_ms : one.closed_ms;
            await close(shop, closed_ms, { anew: 'anew' in one });
          } else {
            const both = await bothTell(shop, entries, [Math.min(...one.read), Math.max(...one.read)]);
            expect(both.told).toEqual(both.true);
          }
        }
        const ever = await bothTell(shop, entries, [0, FIRST_MS + 99 * DAY_MS]);
        expect(ever.told).toEqual(ever.true);
      }),
      { numRuns: 25 },
    );
    expect(await differences()).toEqual([]);
  }, 60_000);
});

const sale = (at_ms: number, amount_minor = 1_000): Entry => ({
  ...{ at_ms, fact: 'paid', account: 'stripe', currency: 'usd', amount_minor },
});
const LATER_MS = FIRST_MS + 3 * DAY_MS;
const EVER = [0, FIRST_MS + 99 * DAY_MS] as const;

/** A writer in a transaction of its own, which lasts until it is told to end. */
async function slowly(
  shop: Shop,
  work: (writer: { write(at_ms: number): Promise<void>; end(): Promise<void> }) => Promise<void>,
) {
  await asAdmin(fresh.url, async (client) => {
    await client.query('begin');
    await client.query('select pg_current_xact_id()');
    await work({
      async write(at_ms) {
        const cause = `paid:${realIds.uuid()}`;
        await client.query(
          `insert into kassa.ledger_entries (id, tenant_id, mode, posting_id, account, currency, amount_minor, cause, created_at)
           select id, $1, 'test', $2, account, 'usd', amount, $3, $4
           from (values ($5::uuid, 'stripe', 1000), ($6::uuid, 'review', -1000)) as line (id, account, amount)`,
          [shop.tenant_id, realIds.uuid(), cause, new Date(at_ms), realIds.uuid(), realIds.uuid()],
        );
      },
      async end() {
        await client.query('commit');
      },
    });
  });
}

test('nothing is summed while somebody still writes who may not have heard that the day is closed', async () => {
  const shop = await openBooks();
  await write(shop, sale(FIRST_MS));
  await slowly(shop, async (writer) => {
    await writer.write(FIRST_MS + 1);
    expect(await closeOnce(shop, LATER_MS)).toMatchObject({ days: 0, whole: false });
    await writer.end();
  });
  expect(await close(shop, LATER_MS)).toMatchObject({ days: 1, late: 0 });
  const both = await bothTell(shop, [sale(FIRST_MS), sale(FIRST_MS + 1)], EVER);
  expect(both.told).toEqual(both.true);
});

test('what is written into a day that is being closed is noted, and counted whenever it is committed', async () => {
  const shop = await openBooks();
  await write(shop, sale(FIRST_MS));
  await slowly(shop, async (caught) => {
    // The round begins the closing, and gives up because of this one, who has written nothing yet.
    expect(await closeOnce(shop, LATER_MS)).toMatchObject({ days: 0, whole: false });
    await caught.write(FIRST_MS + 1);
    await caught.end();
  });
  expect(await close(shop, LATER_MS)).toMatchObject({ days: 1, late: 0 });
  await slowly(shop, async (late) => {
    await late.write(FIRST_MS + 2);
    const before = await bothTell(shop, [sale(FIRST_MS), sale(FIRST_MS + 1)], EVER);
    expect(before.told).toEqual(before.true);
    await late.end();
  });
  const all = [sale(FIRST_MS), sale(FIRST_MS + 1), sale(FIRST_MS + 2)];
  const noted = await bothTell(shop, all, EVER);
  expect(noted.told).toEqual(noted.true);
  expect(await close(shop, LATER_MS)).toMatchObject({ days: 0, late: 2 });
  const summed = await bothTell(shop, all, EVER);
  expect(summed.told).toEqual(summed.true);
  expect(await differences()).toEqual([]);
});

test('a round sums no further than it has waited for, although another begins to close later days meanwhile', async () => {
  const shop = await openBooks();
  const later_ms = FIRST_MS + 5 * DAY_MS;
  await write(shop, sale(FIRST_MS));
  await write(shop, sale(later_ms));
  let end = async (): Promise<void> => undefined;
  await slowly(shop, async (first) => {
    await first.write(FIRST_MS + 1);
    let waits = 0;
    const meanwhile = async (): Promise<void> => {
      waits += 1;
      if (waits > 1) return realClock.sleep(50);
      const begun = Promise.withResolvers<void>();
      const over = Promise.withResolvers<void>();
      const done = slowly(shop, async (second) => {
        await second.write(later_ms + 1);
        begun.resolve();
        await over.promise;
        await second.end();
      });
      end = () => (over.resolve(), done);
      await begun.promise;
      expect(await closeOnce(shop, FIRST_MS + 8 * DAY_MS)).toMatchObject({ days: 0, whole: false });
      await first.end();
    };
    const clock = { now: () => new Date(LATER_MS), sleep: meanwhile };
    await closeDays({ db: fresh.db, shop, clock });
  });
  await end();
  await close(shop, FIRST_MS + 8 * DAY_MS);
  const all = [sale(FIRST_MS), sale(FIRST_MS + 1), sale(later_ms), sale(later_ms + 1)];
  const both = await bothTell(shop, all, EVER);
  expect(both.told).toEqual(both.true);
  expect(await differences()).toEqual([]);
});

test('ten processes that close the same days at once sum each of them once, while others go on writing', async () => {
  const shop = await openBooks();
  const entries = Array.from({ length: 40 }, (_, n) => sale(FIRST_MS + n * 3_600_000, n + 1));
  const crowd = entries.map((entry, n) => async () => {
    await write(shop, entry);
    if (n % 4 === 0) await close(shop, LATER_MS);
  });
  await Promise.all(crowd.map((one) => one()));
  await close(shop, LATER_MS);
  const both = await bothTell(shop, entries, EVER);
  expect(both.told).toEqual(both.true);
  expect(await differences()).toEqual([]);
});

test('sums that somebody changed are named with their day, and made anew from the entries', async () => {
  const shop = await openBooks();
  await write(shop, sale(FIRST_MS));
  await close(shop, LATER_MS);
  await sql`update kassa.ledger_days set amount_minor = amount_minor + 1 where tenant_id = ${shop.tenant_id}
    and account = 'stripe'`.execute(fresh.db);
  const sentence = '2026-11-01, paid of stripe in usd: the sums of the day say 1001 by 1 entries, the books 1000 by 1';
  expect(await differences()).toMatchObject([{ kind: 'closed_day_differs', sentence }]);
  await close(shop, LATER_MS, { anew: true });
  expect(await differences()).toEqual([]);
  await sql`delete from kassa.ledger_days where tenant_id = ${shop.tenant_id}`.execute(fresh.db);
  expect(await differences()).toHaveLength(2);
  await close(shop, LATER_MS, { anew: true });
  expect(await differences()).toEqual([]);
});

test('a day stays open for an hour, and the next round is due when the next day can be closed', async () => {
  const shop = await openBooks();
  await write(shop, sale(FIRST_MS));
  expect(await close(shop, FIRST_MS + DAY_MS + 3_599_999)).toMatchObject({ before: new Date(FIRST_MS), days: 0 });
  const at_ms = FIRST_MS + DAY_MS + 3_600_000;
  expect(await close(shop, at_ms)).toMatchObject({ before: new Date(FIRST_MS + DAY_MS), days: 1 });
  const timer = await fresh.db
    .selectFrom('timers')
    .selectAll()
    .where('subject', '=', shop.tenant_id)
    .executeTakeFirst();
  expect(timer).toMatchObject({ kind: 'close_days', due_at: new Date(at_ms + DAY_MS) });
});

test('the shop closes its days by itself, and nobody who asks can tell', async () => {
  const counter = await openCounter();
  const { house, built, clock, db } = counter;
  const { session_id } = await counter.buy();
  await counter.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await counter.rest();
  const ever = { from: new Date(0), to: new Date('2100-01-01T00:00:00Z') };
  const [before, balances] = [await readMetrics(db, house.shop, ever), await ledgerBalances(db, house.shop)];
  expect(before).toMatchObject([{ total_revenue_minor: 10_000 }]);
  clock.advance(2 * DAY_MS);
  const timer = { subject: house.shop.tenant_id, kind: 'close_days', due_at: house.clock.now() };
  const closed = async () => (await db.selectFrom('ledger_days').select('account').execute()).length;
  while ((await closed()) === 0) {
    await inTransaction(db, (tx) => setTimer(tx, timer));
    expect(await runTimers(built.timers, 50)).toBeGreaterThan(0);
  }
  expect(await closed()).toBe(2);
  expect(await readMetrics(db, house.shop, ever)).toEqual(before);
  expect(await ledgerBalances(db, house.shop)).toEqual(balances);
  await counter.close();
}, 30_000);

test('a clock that ran ahead closes days that are not over, and what is sold in them is still told', async () => {
  const shop = await openBooks();
  await write(shop, sale(FIRST_MS));
  await close(shop, LATER_MS + 300 * DAY_MS);
  await write(shop, sale(FIRST_MS + 5 * DAY_MS));
  expect(await close(shop, LATER_MS)).toMatchObject({ late: 2 });
  await write(shop, sale(FIRST_MS + 6 * DAY_MS));
  const all = [sale(FIRST_MS), sale(FIRST_MS + 5 * DAY_MS), sale(FIRST_MS + 6 * DAY_MS)];
  for (const period of [EVER, [FIRST_MS + 5 * DAY_MS - 7, FIRST_MS + 6 * DAY_MS + 9]] as const) {
    const both = await bothTell(shop, all, period);
    expect(both.told).toEqual(both.true);
  }
});

test('a report of all time reads the sums of closed days and the entries of open ones', async () => {
  const shop = await openBooks();
  const days = 30;
  const each = 40;
  await sql`
    insert into kassa.ledger_entries (id, tenant_id, mode, posting_id, account, currency, amount_minor, cause, created_at)
    select ('01935000-0000-7000-8000-' || lpad(to_hex(n * 2 + line), 12, '0'))::uuid, ${shop.tenant_id}, 'test',
      ('01935000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, account, 'usd', amount, 'paid:' || n,
      ${new Date(FIRST_MS)}::timestamptz + n * interval '36 minutes'
    from generate_series(0, ${days * each - 1}) as n,
      (values (0, 'stripe', 500), (1, 'revenue', -500)) as line (line, account, amount)`.execute(fresh.db);
  await sql`vacuum analyze kassa.ledger_entries, kassa.ledger_days`.execute(fresh.db);
  const entriesRead = async (): Promise<number> => {
    await sql`select pg_stat_force_next_flush()`.execute(fresh.db);
    const { rows } = await sql<{ read: number }>`select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as read
      from pg_stat_user_tables where schemaname = 'kassa' and relname = 'ledger_entries'`.execute(fresh.db);
    return rows[0]?.read ?? 0;
  };
  const reads = async (): Promise<number> => {
    const before = await entriesRead();
    const report = await readMetrics(fresh.db, shop, { from: new Date(0), to: new Date(EVER[1]) });
    expect(report).toMatchObject([{ total_revenue_minor: 500 * days * each, successful_payments: days * each }]);
    return (await entriesRead()) - before;
  };
  expect(await reads()).toBeGreaterThanOrEqual(2 * days * each);
  await close(shop, FIRST_MS + (days - 1) * DAY_MS + 3_600_000);
  // One day is open: two lines of each of its postings.
  expect(await reads()).toBe(2 * each);
  await close(shop, FIRST_MS + days * DAY_MS + 3_600_000);
  expect(await reads()).toBe(0);
});
