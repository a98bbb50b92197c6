// Goal: a database that stops at once, without a word, loses no paid order, no acknowledged event and no seat, and the
// shop is itself again within seconds of its return.
// Method: the real command in a process of its own sells to a crowd over HTTP; its Postgres is stopped at once again and
// again (SIGQUIT, what `pg_ctl stop -m immediate` sends) and started anew, recovery included; afterwards the sandbox's
// private books are held against the database. `npm run test:postgres-stops` is the long form; STOPS, PURCHASES and
// SEED choose another.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Embedded } from '../../src/database/embedded/index.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { eventually, realClock } from '../setup/world.ts';
import { type ShopUnderFire, shopUnderFire } from './shop-under-fire.ts';

const STOPS = Number(process.env.STOPS ?? 2);
const PURCHASES = Number(process.env.PURCHASES ?? 8);
const SEED = process.env.SEED ?? String(Date.now() % 1_000_000);
/** From the first answer of the new server to a shop that says it is ready. */
const NORMAL_MS_MAX = 5_000;

interface Stopped {
  readonly embedded: Embedded;
  /** How long the shop took to be ready, from the return of its database. */
  readonly took_ms: number;
}

/** Stops the server at once and starts it anew. */
async function stopped(fire: ShopUnderFire): Promise<Stopped> {
  const data = join(fire.folder, 'data/postgres/data');
  const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(pid, 'SIGQUIT');
  await eventually(() => (isAlive(pid) ? undefined : true));
  const embedded = await fire.postgres();
  const back = performance.now();
  await eventually(async () => ((await readiness(fire.url)) === 200 ? true : undefined), 30_000);
  const took_ms = performance.now() - back;
  return { embedded, took_ms };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const readiness = async (url: string): Promise<number> => (await fetch(`${url}/readyz`)).status;

test(`${STOPS} stops of the database during ${PURCHASES} purchases lose nothing`, {
  timeout: 90_000 + STOPS * 15_000,
}, async () => {
  process.stdout.write(`postgres stops: SEED=${SEED} STOPS=${STOPS} PURCHASES=${PURCHASES}\n`);
  const fire = await shopUnderFire();
  const chance = seededRandom(`${SEED} stops`);
  const shop = await fire.start();
  let stops = 0;
  const bought = fire.crowd(PURCHASES, SEED, () => stops < STOPS);
  // Awaited below; until then its failure must not end the whole run without a word of the stop before it.
  bought.catch(() => undefined);
  const took_ms: number[] = [];
  // Who is present keeps the server running: one of us always is.
  let present: Embedded | undefined;
  try {
    for (; stops < STOPS; stops += 1) {
      await realClock.sleep(100 + chance.below(900));
      const next = await stopped(fire);
      took_ms.push(next.took_ms);
      await present?.stop();
      present = next.embedded;
    }
  } finally {
    stops = STOPS;
  }
  const paid = await bought;
  await fire.rest();
  shop.child.kill('SIGTERM');
  expect(await shop.ended).toBe(0);
  await present?.stop();
  const payments = await fire.compare(paid);
  const slowest_ms = Math.round(Math.max(...took_ms));
  const told = { stops: STOPS, purchases: PURCHASES, payments, lost: 0, slowest_ms, seed: SEED };
  console.info(`stops: ${JSON.stringify(told)}`);
  expect(slowest_ms, 'from the return of the database to a shop that is ready').toBeLessThan(NORMAL_MS_MAX);
  fire.remove();
});
