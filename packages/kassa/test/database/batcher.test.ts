// Goal: strangers share a commit and nothing else: nobody is told "stored" before it is, and nobody pays for another's mistake.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { batcher, lanes } from '../../src/database/batcher.ts';
import {
  type DatabaseGate,
  DatabaseUnavailable,
  insertInboxEvents,
  inTransaction,
  openDatabase,
  sql,
} from '../../src/database/index.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { eventually, quietWorld } from '../setup/world.ts';
import { eventRow, tenantRow } from './rows.ts';

describe('how rows gather', () => {
  const deferred = () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { gate, open };
  };

  test('the first row leaves at once, those that come while it is under way leave together', async () => {
    const batches: number[][] = [];
    const { gate, open } = deferred();
    const put = batcher<number, number>(
      async (rows) => {
        batches.push([...rows]);
        await gate;
        return rows.map((row) => row * 10);
      },
      { lanes: 1, rows_max: 3, waiting_max: 100 },
    );
    const first = put(0);
    await Promise.resolve()
      .then(() => undefined)
      .then(() => undefined);
    const others = [1, 2, 3, 4].map((row) => put(row));
    expect(put.waiting()).toBe(4);
    open();
    expect(await Promise.all([first, ...others])).toEqual([0, 10, 20, 30, 40]);
    expect(batches).toEqual([[0], [1, 2, 3], [4]]);
  });

  test('never more lanes than allowed, and a full waiting list refuses at once', async () => {
    let under_way = 0;
    let most = 0;
    const { gate, open } = deferred();
    const put = batcher<number, number>(
      async (rows) => {
        under_way += 1;
        most = Math.max(most, under_way);
        await gate;
        under_way -= 1;
        return rows;
      },
      { lanes: 2, rows_max: 1, waiting_max: 3 },
    );
    const kept = [0, 1, 2].map((row) => put(row));
    await expect(put(3)).rejects.toBeInstanceOf(DatabaseUnavailable);
    open();
    expect(await Promise.all(kept)).toEqual([0, 1, 2]);
    expect(most).toBe(2);
    expect(await put(4)).toBe(4);
  });

  test('two sorts that share a lane take turns, and each gathers while the other is on its way', async () => {
    const batches: string[] = [];
    const gates = [deferred(), deferred(), deferred(), deferred()];
    const shared = lanes(1);
    const sort = (name: string) =>
      batcher<number, number>(
        async (rows) => {
          const gate = gates[batches.length];
          batches.push(`${name} ${rows.join(' ')}`);
          await gate?.gate;
          if (rows.includes(3)) throw new Error('lost');
          return rows;
        },
        { lanes: shared, rows_max: 2, waiting_max: 100 },
      );
    const [drafts, answers] = [sort('drafts'), sort('answers')];
    const first = drafts(0);
    await eventually(() => batches[0]);
    const others = [answers(1).catch(String), drafts(2), answers(3).catch(String), drafts(4), drafts(5)];
    for (const gate of gates) gate.open();
    // Who fails leaves the lane to the others.
    expect(await Promise.all([first, ...others])).toEqual([0, 'Error: lost', 2, 'Error: lost', 4, 5]);
    expect(batches).toEqual(['drafts 0', 'answers 1 3', 'drafts 2 4', 'drafts 5']);
  });

  test('a batch that answers too little is a mistake that everyone hears of', async () => {
    const put = batcher<number, number>(async () => [1]);
    expect((await Promise.allSettled([put(1), put(2)])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

onEachServer((server) => {
  let shop: FreshDatabase;
  let gate: DatabaseGate | undefined;
  let statements = 0;
  const counting: DatabaseGate = (point, run) => {
    if (point.sql.includes('insert into kassa.inbox_events')) statements += 1;
    return gate ? gate(point, run) : run();
  };
  beforeAll(async () => {
    shop = await freshDatabase({ gate: counting }, server);
    await shop.db.insertInto('tenants').values(tenantRow()).execute();
  });
  afterAll(() => shop.drop());
  beforeEach(async () => {
    gate = undefined;
    statements = 0;
    await sql`truncate kassa.inbox_events, kassa.inbox_bodies`.execute(shop.db);
  });
  const store = () => batcher(async (rows: readonly ReturnType<typeof eventRow>[]) => insertInboxEvents(shop.db, rows));
  const stored = async () => {
    const rows = await shop.db.selectFrom('inbox_events').select('id').orderBy('id').execute();
    return rows.map(({ id }) => id);
  };

  test('a hundred events are one statement, each answered for itself, the repeated one as not new', async () => {
    const put = store();
    const events = Array.from({ length: 100 }, (_, at) => eventRow(`evt_${String(at).padStart(3, '0')}`));
    const answers = await Promise.all([...events, eventRow('evt_007')].map((event) => put(event)));
    expect(statements).toBe(1);
    expect(answers).toEqual([...events.map(() => true), false]);
    expect(await stored()).toHaveLength(100);
    expect(await put(eventRow('evt_007'))).toBe(false);
  });

  test('the answer follows the commit: what is answered is there for everyone', async () => {
    const put = store();
    const other = openDatabase(shop.url, quietWorld);
    const seen: number[] = [];
    await Promise.all(
      ['evt_a', 'evt_b'].map((id) =>
        put(eventRow(id)).then(async () => {
          const { rows } = await sql<{
            n: number;
          }>`select count(*)::int as n from kassa.inbox_events where id = ${id}`.execute(other);
          seen.push(rows[0]?.n ?? 0);
        }),
      ),
    );
    await other.destroy();
    expect(seen).toEqual([1, 1]);
  });

  test('one impossible event fails alone, and its neighbours are stored', async () => {
    const put = store();
    const settled = await Promise.allSettled([
      put(eventRow('evt_a')),
      put(eventRow('not_an_event')),
      put(eventRow('evt_c')),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { code: '23514' } });
    expect(await stored()).toEqual(['evt_a', 'evt_c']);
    expect(statements).toBe(4);
  });

  test('a conflict runs the batch once more, and only once', async () => {
    let left = 1;
    gate = async (point, run) => {
      if (left > 0 && point.kind === 'statement') {
        left -= 1;
        throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      }
      return run();
    };
    const put = store();
    expect(await Promise.all([put(eventRow('evt_a')), put(eventRow('evt_b'))])).toEqual([true, true]);
    expect(statements).toBe(2);
    left = 2;
    await expect(put(eventRow('evt_c'))).rejects.toMatchObject({ code: '40P01' });
  });

  test('a lost connection fails everyone after one try: Stripe will deliver again', async () => {
    gate = (point, run) =>
      point.kind === 'statement' ? Promise.reject(Object.assign(new Error('gone'), { code: '57P01' })) : run();
    const put = store();
    const settled = await Promise.allSettled([put(eventRow('evt_a')), put(eventRow('evt_b'))]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(statements).toBe(1);
    gate = undefined;
    expect(await stored()).toEqual([]);
  });

  test('nobody enters a batch from inside a transaction of his own', async () => {
    const put = store();
    await inTransaction(shop.db, async () => {
      expect(() => put(eventRow('evt_a'))).toThrow('inside a transaction');
    });
  });

  test('two lanes that store the same events in opposite order do not wait for each other', async () => {
    const ids = Array.from({ length: 60 }, (_, at) => `evt_${String(at).padStart(3, '0')}`);
    const forth = ids.map((id) => eventRow(id));
    const back = forth.toReversed();
    for (let round = 0; round < 10; round += 1) {
      await sql`truncate kassa.inbox_events, kassa.inbox_bodies`.execute(shop.db);
      const both = await Promise.all([insertInboxEvents(shop.db, forth), insertInboxEvents(shop.db, back)]);
      expect(both.flat().filter(Boolean)).toHaveLength(60);
    }
  });
});
