// Goal: writes that are gathered end in the same rows as writes that are sent one by one, in their order, or in none.
// Method: a real Postgres; tables of the test's own, and a gate that sees what is sent.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  atOnce,
  type GatePoint,
  inTransaction,
  isRefusedWhole,
  look,
  oneOfMany,
  type RowsStatement,
  sql,
  type Transaction,
  together,
  write,
  writeRows,
} from '../../src/database/index.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';

const sent: GatePoint[] = [];
let fresh: FreshDatabase;

beforeAll(async () => {
  fresh = await freshDatabase({
    gate: (point, run) => {
      sent.push(point);
      return run();
    },
  });
  await sql`create table baskets (id int primary key, place serial)`.execute(fresh.db);
  await sql`create table eggs (id int primary key, basket int not null references baskets, place serial)`.execute(
    fresh.db,
  );
});
afterAll(() => fresh?.drop());

const basket = (id: number) => sql`insert into baskets (id) values (${id})`;
const egg = (id: number, of: number) => sql`insert into eggs (id, basket) values (${id}, ${of})`;
const count = (table: string) => sql<number>`(select count(*)::int from ${sql.table(table)})`;

async function statements(work: (tx: Transaction) => Promise<unknown>): Promise<number> {
  sent.length = 0;
  await inTransaction(fresh.db, work);
  return sent.filter(({ kind }) => kind === 'statement').length;
}

test('rows that point to each other are written by one statement, and each write is told how many rows it wrote', async () => {
  const told: number[] = [];
  const note = (rows: number): number => told.push(rows);
  const cost = await statements((tx) =>
    together(tx, async () => {
      await write(tx, basket(1), note);
      await write(tx, egg(1, 1), note);
      await write(tx, sql`update baskets set place = 9 where id = 404`, note);
      expect(told).toEqual([]);
    }),
  );
  expect(cost).toBe(1);
  expect(told).toEqual([1, 1, 0]);
});

test('writes run in the order in which they were handed in', async () => {
  await inTransaction(fresh.db, (tx) =>
    together(tx, async () => {
      for (const id of [10, 11, 12, 13]) await write(tx, basket(id));
    }),
  );
  const { rows } = await sql<{ id: number }>`select id from baskets where id between 10 and 13 order by place`.execute(
    fresh.db,
  );
  expect(rows.map(({ id }) => id)).toEqual([10, 11, 12, 13]);
});

test('a look beside writes tells what was there before them', async () => {
  let found = -1;
  await inTransaction(fresh.db, (tx) =>
    together(tx, async () => {
      await write(tx, basket(20));
      await look(tx, sql<number>`(select count(*)::int from baskets where id = 20)`, (value) => {
        found = value;
      });
    }),
  );
  expect(found).toBe(0);
});

test('whoever is told too little and throws takes all the others back', async () => {
  const work = (tx: Transaction) =>
    together(tx, async () => {
      await write(tx, basket(30));
      await write(tx, sql`delete from eggs where id = 404`, (rows) => {
        if (rows === 0) throw new Error('no such egg');
      });
    });
  await expect(inTransaction(fresh.db, work)).rejects.toThrow('no such egg');
  const left = await inTransaction(fresh.db, async (tx) => {
    let found = -1;
    await look(tx, sql<number>`(select count(*)::int from baskets where id = 30)`, (value) => {
      found = value;
    });
    return found;
  });
  expect(left).toBe(0);
});

test('a key that points nowhere refuses the whole round', async () => {
  const work = (tx: Transaction) =>
    together(tx, async () => {
      await write(tx, basket(40));
      await write(tx, egg(40, 404));
    });
  await expect(inTransaction(fresh.db, work)).rejects.toMatchObject({ code: '23503' });
  const { rows } = await sql<{ value: number }>`select ${count('eggs')} as value`.execute(fresh.db);
  expect(rows[0]?.value).toBe(1);
});

test('a round that throws before it is sent writes nothing, and the next write is sent at once', async () => {
  const cost = await statements(async (tx) => {
    const failing = together(tx, async () => {
      await write(tx, basket(50));
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await write(tx, basket(51));
  });
  expect(cost).toBe(1);
  const { rows } = await sql<{ id: number }>`select id from baskets where id in (50, 51)`.execute(fresh.db);
  expect(rows).toEqual([{ id: 51 }]);
});

test('a round inside a round joins it', async () => {
  const cost = await statements((tx) =>
    together(tx, async () => {
      await write(tx, basket(60));
      await together(tx, () => write(tx, egg(60, 60)));
    }),
  );
  expect(cost).toBe(1);
});

const EGGS: RowsStatement<{ readonly id: number; readonly basket: number }> = {
  columns: { int: ['id', 'basket'] },
  statement: (rows) => sql`insert into eggs (id, basket) select id, basket from ${rows} on conflict do nothing`,
  told: { column: sql`eggs.id::text`, of: ({ id }) => String(id) },
};

test('rows that many write by the same statement are written by one, and each hears of their own', async () => {
  const told: boolean[] = [];
  const note = (was_written: boolean): number => told.push(was_written);
  const cost = await statements((tx) =>
    together(tx, async () => {
      await write(tx, basket(70));
      await writeRows(tx, EGGS, [{ id: 70, basket: 70 }], note);
      await writeRows(tx, EGGS, [{ id: 60, basket: 60 }], note);
      await writeRows(tx, EGGS, [{ id: 71, basket: 70 }], note);
    }),
  );
  expect(cost).toBe(1);
  expect(told).toEqual([true, false, true]);
});

test('one of many who throws leaves nothing in their round, and the others are written', async () => {
  await inTransaction(fresh.db, (tx) =>
    together(tx, async () => {
      await write(tx, basket(80));
      for (const id of [80, 81, 82]) {
        const one = oneOfMany(tx, async () => {
          await writeRows(tx, EGGS, [{ id, basket: 80 }]);
          if (id === 81) throw new Error('changed my mind');
        });
        if (id === 81) await expect(one).rejects.toThrow('changed my mind');
        else await one;
      }
    }),
  );
  const { rows } = await sql<{ id: number }>`select id from eggs where basket = 80 order by id`.execute(fresh.db);
  expect(rows.map(({ id }) => id)).toEqual([80, 82]);
});

describe('what is sent at once', () => {
  const FEW: typeof EGGS = {
    columns: EGGS.columns,
    all: true,
    statement: (rows) => sql`insert into eggs (id, basket) select id, basket from ${rows} on conflict do nothing`,
  };

  test('is one statement without a transaction around it', async () => {
    await inTransaction(fresh.db, (tx) => write(tx, basket(90)));
    sent.length = 0;
    const answer = await atOnce(fresh.db, async (tx) => {
      await writeRows(tx, FEW, [{ id: 90, basket: 90 }]);
      await writeRows(tx, FEW, [{ id: 91, basket: 90 }]);
      return 'done';
    });
    expect(answer).toBe('done');
    expect(sent.map(({ kind }) => kind)).toEqual(['connect', 'statement']);
  });

  test('is refused as a whole when one row of it does not fit', async () => {
    const refused = atOnce(fresh.db, async (tx) => {
      await writeRows(tx, EGGS, [{ id: 92, basket: 90 }]);
      await writeRows(tx, FEW, [
        { id: 93, basket: 90 },
        { id: 90, basket: 90 },
      ]);
    });
    expect(isRefusedWhole(await refused.catch((error: unknown) => error))).toBe(true);
    const { rows } = await sql`select from eggs where id in (92, 93)`.execute(fresh.db);
    expect(rows).toEqual([]);
  });

  test('is nothing that somebody judges afterwards, and nothing that is sent past it', async () => {
    const judged = atOnce(fresh.db, (tx) => writeRows(tx, EGGS, [{ id: 94, basket: 90 }], () => undefined));
    await expect(judged).rejects.toThrow('nobody judges');
    await expect(atOnce(fresh.db, (tx) => sql`select 1`.execute(tx))).rejects.toThrow('past the open transaction');
    const { rows } = await sql`select from eggs where id = 94`.execute(fresh.db);
    expect(rows).toEqual([]);
  });

  test('leaves nothing behind when the work throws', async () => {
    const failing = atOnce(fresh.db, async (tx) => {
      await writeRows(tx, EGGS, [{ id: 95, basket: 90 }]);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    sent.length = 0;
    await sql`select 1`.execute(fresh.db);
    expect(sent.filter(({ kind }) => kind === 'statement')).toHaveLength(1);
  });
});

test('half of a character is stored as the sign that stands for none, whatever stands beside it', async () => {
  await sql`create table notes (note text)`.execute(fresh.db);
  const NOTES: RowsStatement<{ readonly note: string }> = {
    columns: { text: ['note'] },
    statement: (rows) => sql`insert into notes select note from ${rows}`,
  };
  const note = 'half \ud83c, whole 🎟, the letters \\ud83c and a "quote"';
  await inTransaction(fresh.db, (tx) => writeRows(tx, NOTES, [{ note }]));
  const { rows } = await sql<{ note: string }>`select note from notes`.execute(fresh.db);
  expect(rows).toEqual([{ note: note.replace('\ud83c,', '\ufffd,') }]);
});
