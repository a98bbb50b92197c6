// Goal: statements that wait for each other's rows are given up and freed by the harness without ever losing one.
// Method: real connections on a real Postgres; what another session would do meanwhile is done in the middle.
import pg from 'pg';
import { expect, test } from 'vitest';
import { diceOf } from '../../simulation/engine/dice.ts';
import { newLife } from '../../simulation/engine/lives.ts';
import { createScheduler } from '../../simulation/engine/scheduler.ts';
import { createTrace } from '../../simulation/engine/trace.ts';
import { type RowWaits, rowWaits } from '../../simulation/world/database/row-waits.ts';
import { freshDatabase } from '../setup/database.ts';

test('a statement that landed while its process was being ended is given up like one that still waited', async () => {
  const { url, drop } = await freshDatabase();
  const [owner, waiter, harness] = await Promise.all([opened(url), opened(url), opened(url)]);
  await owner.query('create table seats (id int primary key, held int not null); insert into seats values (1, 0)');
  await owner.query('begin; update seats set held = 1');

  const scheduler = createScheduler({ dice: diceOf('waits'), trace: createTrace(), start_ms: 0, haste: 0 });
  const waits: RowWaits = rowWaits(scheduler, async <Row>(text: string, values: unknown[] = []) => {
    // The owner's transaction ends first, and with it the wait: what is ended now waits for nothing any more.
    if (text.includes('pg_terminate_backend')) {
      await owner.query('rollback');
      await waits.settle();
    }
    return (await harness.query(text, values)).rows as Row[];
  });
  const connection = {
    query: waiter.query.bind(waiter),
    release: () => undefined,
    processID: await pidOf(waiter),
    connection: waiter.connection,
  };
  await waiter.query('begin');
  const seller = newLife('node_0');
  scheduler.spawn(seller, 'sells', async () => {
    await waits.send(connection, true, () => waiter.query('update seats set held = 2'));
  });
  await scheduler.run({ idle: async () => false, between: async () => undefined, steps_max: 100 });
  expect(waits.waits(connection)).toBe(true);
  scheduler.kill(seller);
  expect(await waits.giveUp(connection)).toBe(true);
  expect(waits.waits(connection)).toBe(false);

  expect((await harness.query('select held from seats')).rows).toEqual([{ held: 0 }]);
  await Promise.all([owner.end(), harness.end()]);
  await drop();
});

async function opened(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  // One of them is ended by the server, which is the point.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}
