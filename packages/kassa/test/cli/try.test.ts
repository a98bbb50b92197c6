// Goal: `kassa try` says yes only when a purchase really went through, and says which step did not.
// Method: Blue Hall as it opens, with sockets and workers; the journey itself runs here, with quick waits.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Exit, printerTo } from '../../src/cli/printer.ts';
import { buyOnce } from '../../src/cli/try/buy.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import type { Http } from '../../src/kernel/http.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { type OpenShop, openBlueHall } from '../setup/open-shop.ts';
import { realClock, realIds, realRandom } from '../setup/world.ts';

let shop: OpenShop;
let said: string;

beforeAll(async () => {
  shop = await openBlueHall();
  // The comparison of the start would ask before the first webhook comes; the next one is a minute later.
  const { db } = shop.kassa.house;
  for (;;) {
    const due = await db.selectFrom('timers').select('due_at').where('kind', '=', 'reconcile').executeTakeFirst();
    if (due && due.due_at > new Date(realClock.now().getTime() + 30_000)) break;
    await realClock.sleep(50);
  }
});
afterAll(() => shop.close());
beforeEach(() => {
  said = '';
  shop.kassa.stand_in?.sandbox.control.removeWebhookRule();
});

interface Journey {
  readonly json?: boolean;
  readonly sandbox_url?: string | null;
  /** Waits are a tenth as long, so that what never comes is given up soon. What comes may take its time. */
  readonly in_vain?: boolean;
  /** Runs when the buyer has paid, before the shop is asked what it knows. */
  readonly after_payment?: () => Promise<unknown>;
}

function journey({ json = false, sandbox_url = null, in_vain = false, after_payment }: Journey = {}): Promise<void> {
  const clock = { now: realClock.now, sleep: (ms: number) => realClock.sleep(in_vain ? ms / 10 : ms) };
  const system = systemHttp();
  const http: Http = async (request) => {
    const { method, url } = request;
    const answer = await system(request);
    if (method === 'POST' && !url.startsWith(shop.url)) await after_payment?.();
    return answer;
  };
  const world = { clock, random: realRandom, ids: realIds, log: silentLog, http };
  const out = {
    write(text: string) {
      said += text;
    },
  };
  return buyOnce({ url: shop.url, sandbox_url, world, printer: printerTo(out, json) });
}

test('a purchase prints each of its steps and ends with what was proved', async () => {
  await journey();
  const lines = said.trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  expect(lines[6]).toMatch(/^ 7 {4}← {2}webhook checkout\.session\.completed +200 +signed, stored, order #1001 paid$/);
  expect(lines[10]).toMatch(/^11 {2}GET {2}\/pay\/catalog +200 +100 → 98 left$/);
  expect(lines[11]).toBe(' ok  order #1001 paid once · receipt sent once · 98 left');
});

test('a shop that asks Stripe before a late webhook comes says so, and the webhook is waited for', async () => {
  shop.kassa.stand_in?.sandbox.control.addWebhookRule({ action: { kind: 'delay', ms: 1_500 } });
  await journey({ after_payment: () => reconcile(shop.kassa.house) });
  expect(said).toMatch(/^ 7 .* 200 +signed, stored, order #1002 paid; the shop had asked before it came$/m);
  expect(said).toContain(' ok  order #1002 paid once');
});

test('for machines each step is one object', async () => {
  await journey({ json: true });
  const lines = said
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.slice(0, 11).every(({ what, ok }) => what === 'step' && ok === true)).toBe(true);
  expect(lines[11]).toMatchObject({ what: 'summary', ok: true, number: 1003, left: 94 });
});

test('a webhook that never comes fails its own step, although the payment went through', async () => {
  shop.kassa.stand_in?.sandbox.control.addWebhookRule({ action: { kind: 'drop' } });
  await expect(journey({ in_vain: true })).rejects.toMatchObject({
    code: 1,
    message: 'kassa try failed at step 7:   ←  webhook checkout.session.completed',
  });
  expect(said).toContain('no signed webhook has made the order paid within 20 s');
});

test('a webhook with a wrong signature is no webhook', async () => {
  shop.kassa.stand_in?.sandbox.control.addWebhookRule({ action: { kind: 'wrong_secret' } });
  await expect(journey({ in_vain: true })).rejects.toBeInstanceOf(Exit);
  expect(said).toMatch(/^ 7 .* ✗ +no signed webhook/m);
});

test('a payment page that cannot be reached fails its own step', async () => {
  await expect(journey({ sandbox_url: 'http://127.0.0.1:9', in_vain: true })).rejects.toMatchObject({ code: 1 });
  expect(said).toMatch(/^ 5 {2}GET {2}the payment page +✗/m);
});
