// Goal: whoever runs the shop sees how it stands: in the format of Prometheus, in a terminal, as JSON; nobody else does.
// Method: a whole shop on real sockets; its figures are compared with its own rows.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runTop } from '../../src/cli/watch/top.ts';
import { sql } from '../../src/database/index.ts';
import { createKey } from '../../src/flows/keys/create-key.ts';
import { type OpenShop, openBlueHall } from '../setup/open-shop.ts';

const CREATE = '/api/payments/v1/checkout/session';
let shop: OpenShop;

beforeAll(async () => {
  shop = await openBlueHall();
});
afterAll(() => shop?.close());

async function told(headers: Record<string, string> = {}, ip = '127.0.0.1'): Promise<Response> {
  return shop.kassa.fetch(new Request(`${shop.url}/metrics`, { headers }), { ip });
}

async function screen(args: Record<string, unknown>): Promise<string> {
  let text = '';
  const out = { write: (part: string) => (text += part) };
  expect(await runTop({ url: shop.url, once: true, ...args }, out, shop.world)).toBe(0);
  return text;
}

const create = (): Promise<Response> =>
  shop.kassa.fetch(
    new Request(shop.url + CREATE, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ offer: 'lakers', success_url: `${shop.url}/pay` }),
    }),
    { ip: '127.0.0.1' },
  );

test('the figures have a name, a meaning and a value each, in the format of Prometheus', async () => {
  const answer = await told();
  expect(answer.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  expect(text).toContain('# TYPE kassa_inbox_events gauge\nkassa_inbox_events{state="due"} 0\n');
  expect(text).toContain('# TYPE kassa_events_stored_total counter\n');
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) kassa_\w+ .+|kassa_\w+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+)$/);
  }
});

test('another computer is told nothing, unless it shows a secret key of the shop', async () => {
  expect((await told({}, '203.0.113.7')).status).toBe(404);
  expect((await told({ Authorization: 'Bearer kassa_sk_test_madeup' }, '203.0.113.7')).status).toBe(404);
  const { house } = shop.kassa;
  const tenant = { ...shop.settings.tenant, name: 'Blue Hall', origins: shop.settings.frontend.origins };
  const wish = { tenant, mode: 'test' as const, kind: 'secret' as const, name: 'watcher', scopes: [], caps: {} };
  const { text } = await createKey({ ...house, random: shop.world.random }, { ...wish, actor: 'test' });
  expect((await told({ Authorization: `Bearer ${text}` }, '203.0.113.7')).status).toBe(200);
  const proxied = { Authorization: `Bearer ${text}`, 'X-Forwarded-For': '203.0.113.7' };
  expect((await told(proxied)).status).toBe(200);
});

test('whoever comes through a proxy on this computer is told nothing, whatever name they call it by', async () => {
  for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via']) {
    for (const value of ['203.0.113.7', '127.0.0.1', '']) {
      const request = new Request('http://localhost/metrics', { headers: { [name]: value } });
      expect((await shop.kassa.fetch(request, { ip: '127.0.0.1' })).status, `${name}: ${value}`).toBe(404);
    }
  }
  for (const ip of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) expect((await told({}, ip)).status, ip).toBe(200);
});

test('a terminal is shown queues, connections and what is left of the limits; a program the same as JSON', async () => {
  expect((await create()).status).toBe(200);
  const text = await screen({});
  expect(text).toMatch(/^kassa 0\.1\.0 at http:\/\/127\.0\.0\.1:\d+ {3}\d\d:\d\d:\d\d UTC\n/);
  expect(text).toMatch(/\ninbox +due \d+ {3}later \d+ {3}parked 0 {3}oldest \d+ s\n/);
  expect(text).toMatch(/\nStripe +\d+ calls left, 25\/s {3}POST \/v1\/checkout\/sessions\n/);
  expect(text).not.toContain('\u001b');
  const { what, values } = JSON.parse(await screen({ json: true })) as { what: string; values: { name: string }[] };
  expect(what).toBe('top');
  expect(values.map(({ name }) => name)).toContain('deliveries_oldest_due_seconds');
});

test('nobody at the address is told in a sentence that says what to do', async () => {
  const nowhere = runTop({ url: 'http://127.0.0.1:9', once: true }, { write: () => true }, shop.world);
  await expect(nowhere).rejects.toThrow(/start the shop/);
});

test('a crowd of three hundred is served, told that nothing is left, or told to come again; only who was served holds anything', async () => {
  const { rows: before } = await sql<{ count: number }>`select count(*) as count from kassa.orders`.execute(
    shop.kassa.house.db,
  );
  const answers = await Promise.all(Array.from({ length: 300 }, create));
  const refused = answers.filter(({ status }) => status === 503);
  const served = answers.filter(({ status }) => status === 200);
  const odd = answers.filter(({ status }) => ![200, 409, 503].includes(status));
  expect(await Promise.all(odd.map((answer) => answer.text()))).toEqual([]);
  expect(served.length).toBeGreaterThan(0);
  for (const { headers } of refused) expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
  const { rows: after } = await sql<{ count: number }>`select count(*) as count from kassa.orders`.execute(
    shop.kassa.house.db,
  );
  expect((after[0]?.count ?? 0) - (before[0]?.count ?? 0)).toBe(served.length);
});
