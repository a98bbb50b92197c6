import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKassa } from '../../src/app.ts';
import { loadConfig, readSettings } from '../../src/config.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { eventually, realClock, realIds, realRandom } from '../setup/world.ts';
import { BLUE_HALL, kassaHere } from './kassa-process.ts';

/** A shop that has sold two seats and is closed; commands read its database and its sandbox told their own environment. */
export interface SoldShop {
  readonly db: FreshDatabase['db'];
  command(name: string, ...args: string[]): Promise<{ code: string | number; out: string; err: string }>;
  drop(): Promise<void>;
}

export async function sellTwoSeats(): Promise<SoldShop> {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-report-'));
  const fresh = await freshDatabase();
  const data_folder = join(folder, 'shop');
  const env = { KASSA_DATA_DIR: data_folder, DATABASE_URL: fresh.url, KASSA_SANDBOX_PORT: '0' };
  const { config, hooks } = await loadConfig(BLUE_HALL);
  const settings = readSettings(config, env, { folder: BLUE_HALL });
  const world = { clock: realClock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
  const options = { version: '0.1.0', site_folder: null, serve_sandbox: false, run_workers: true };
  const shop = await createKassa(settings, hooks, world, options);
  // The comparison of the start is over, and the next one that asks for fees comes in an hour: what is sold here has none.
  const asked = fresh.db.selectFrom('reconcile_cursors').select('kind').where('kind', '=', 'fees');
  await eventually(() => asked.where('reached_at', 'is not', null).executeTakeFirst());
  const body = JSON.stringify({ offer: 'lakers', quantity: 2, success_url: 'http://127.0.0.1:4242/pay' });
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };
  const answer = await shop.fetch(new Request('http://127.0.0.1:4242/api/payments/v1/checkout/session', init), {
    ip: '127.0.0.1',
  });
  const { session_id } = (await answer.json()) as { session_id: string };
  await shop.stand_in?.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await eventually(() => fresh.db.selectFrom('orders').select('id').where('status', '=', 'paid').executeTakeFirst());
  await shop.stop();
  return {
    db: fresh.db,
    command: (name, ...args) => kassaHere([name, '--config', BLUE_HALL, ...args], env),
    async drop() {
      await fresh.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
