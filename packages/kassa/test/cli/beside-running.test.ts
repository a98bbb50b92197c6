// Goal: whoever answers for a shop that is open sends money back, decides and tries again beside it, and sees what came
// of it at once.
// Method: `kassa dev` as a process of its own on a database of this test; the real commands reach its stand-in for Stripe.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyFreePort } from '../../src/cli/ports.ts';
import { openPage, payOn } from '../../src/cli/try/hosted-page.ts';
import { sql } from '../../src/database/index.ts';
import { toTypeId } from '../../src/kernel/ids.ts';
import { commandKeyOf } from '../../src/stand-in.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { unknownPage } from '../setup/unknown-page.ts';
import { eventually } from '../setup/world.ts';
import { BLUE_HALL, type KassaProcess, kassa, kassaHere } from './kassa-process.ts';

const LONG_MS = 180_000;
let folder: string;
let fresh: FreshDatabase;
let env: Record<string, string>;
let shop: KassaProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-beside-'));
  fresh = await freshDatabase();
  const [port, sandbox_port] = [await anyFreePort(), await anyFreePort()];
  const places = { PORT: String(port), KASSA_SANDBOX_PORT: String(sandbox_port), DATABASE_URL: fresh.url };
  env = { ...places, KASSA_DATA_DIR: join(folder, 'shop') };
  shop = kassa(['dev', '--config', BLUE_HALL], { cwd: folder, env });
  await shop.line(/^ {2}data/);
}, LONG_MS);
afterAll(async () => {
  shop.child.kill('SIGTERM');
  await shop.ended;
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]) => kassaHere([...args, '--config', BLUE_HALL], env);

async function pay(page_url: string): Promise<void> {
  const card = { card_number: '4242424242424242', card_expiry: '12 / 34', card_cvc: '123' };
  await payOn(systemHttp(), await openPage(systemHttp(), page_url), {
    ...{ email: 'ann@example.com', name: 'Ann', ...card },
  });
}

async function sold(): Promise<string> {
  const answer = await fetch(`http://localhost:${env.PORT}/api/payments/v1/checkout/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ offer: 'lakers', quantity: 2, success_url: `http://localhost:${env.PORT}/pay` }),
  });
  await pay(((await answer.json()) as { url: string }).url);
  const paid = () => fresh.db.selectFrom('orders').select('id').where('status', '=', 'paid').executeTakeFirst();
  return toTypeId('ord', (await eventually(paid, 60_000)).id);
}

test(
  'a seat of an open shop is given back from the command line, and its refund is told',
  async () => {
    const order = await sold();
    const preview = await run('refund', order, '--lines', '1:1', '--preview');
    expect(preview).toMatchObject({ code: 0, out: expect.stringContaining('would give back 100.00 USD') });
    const refund = await run('refund', order, '--lines', '1:1', '--key', 'till-1');
    expect(refund).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^succeeded {2}100\.00 USD of ord_/) });
    const mails = sql<{ id: string }>`update kassa.deliveries set parked_at = kassa.clock(), delivered_at = null,
      attempts = 20, last_error = 'Error: away' where destination = 'mail:receipt' returning id`;
    await eventually(async () => {
      const sent = await fresh.db.selectFrom('deliveries').select('id').where('delivered_at', 'is', null).execute();
      return sent.length === 0 ? true : undefined;
    }, 60_000);
    const { rows } = await mails.execute(fresh.db);
    const delivery = toTypeId('dlv', rows[0]?.id ?? '');
    expect(await run('replay', delivery)).toMatchObject({
      ...{ code: 0, out: `${delivery} is due now\n1 done, 0 gave up again\n` },
    });
    expect(await run('explain', order)).toMatchObject({ code: 0 });
  },
  LONG_MS,
);

test(
  'money that no order knows is adopted and sent back while the shop is open, and the decision tells that it went',
  async () => {
    const answer = await fetch(`http://127.0.0.1:${env.KASSA_SANDBOX_PORT}/v1/checkout/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${commandKeyOf('default')}` },
      body: unknownPage(),
    });
    const { id, url } = (await answer.json()) as { id: string; url: string };
    await pay(url);
    const adopted = await run('adopt', id, '--json');
    const { order_id } = JSON.parse(adopted.out) as { order_id: string };
    const decided = await run('review', 'refund', order_id, '--reason', 'nobody knows what it was for');
    expect(decided).toMatchObject({
      ...{ code: 0, err: '' },
      out: `${order_id} is decided and canceled; 7.00 USD is on its way back: succeeded\n`,
    });
  },
  LONG_MS,
);
