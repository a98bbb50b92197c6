// Goal: two shops of one installation share a database and nothing else: money, stock, buyers and keys stay apart, and
// each sells to the end, whichever way the news comes.
// Method: the real rooms, put together as the app does it; a sandbox for each shop stands in for its Stripe account.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction, sql } from '../../src/database/index.ts';
import { insertKey, makeKey } from '../../src/domain/keys/index.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { realIds } from '../setup/world.ts';
import { openInstallation, type TestInstallation, type TestTenant } from './installation.ts';

const CREATE = '/api/payments/v1/checkout/session';
const STATUS = '/api/payments/v1/checkout/status/';
const HOUR_MS = 3_600_000;
/** Of a database that nobody has told otherwise. */
const CONNECTIONS = 10;

const config = defineKassa({
  seller: { name: 'Blue Hall', email: 'tickets@example.com' },
  catalog: { seat: ticket({ name: 'Seat', price: usd('45.00'), capacity: 2, stripePrice: 'price_seat' }) },
  origins: ['https://shop.example'],
  tenants: { other: { hosts: ['other.test'], name: 'Other Hall', origins: ['https://other.example'] } },
});

let both: TestInstallation;
beforeAll(async () => {
  both = await openInstallation(config, {
    on: { 'order.paid': ({ order }: { order: { id: string } }) => void hooked.push(order.id) },
  });
  for (const { sandbox } of [both.first, both.second]) {
    sandbox.control.seed({ prices: [{ id: 'price_seat', product_name: 'Seat', currency: 'usd', unit_amount: 4500 }] });
  }
}, 60_000);
afterAll(() => both.close());
const hooked: string[] = [];

async function open(host: string, headers: Record<string, string> = {}) {
  const origin = host === 'other.test' ? 'https://other.example' : 'https://shop.example';
  const answer = await both.send(`http://${host}${CREATE}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ offer: 'seat', success_url: `${origin}/thanks` }),
    ip: nextAddress(),
  });
  const body = (await answer.json()) as { session_id: string };
  return { status: answer.status, ...body };
}
let callers = 0;
const nextAddress = (): string => {
  callers += 1;
  return `10.0.1.${callers}`;
};
const look = async (host: string, session_id: string) => {
  const answer = await both.send(`http://${host}${STATUS}${session_id}`, { ip: nextAddress() });
  return { status: answer.status, body: (await answer.text()).replace(/req_\w+/, 'req') };
};
const idOf = ({ shop }: TestTenant): string => shop.built.house.shop.tenant_id;
const callsAt = ({ sandbox }: TestTenant): string[] =>
  sandbox.control
    .requests()
    .filter((entry) => entry.path.startsWith('/v1/'))
    .map((entry) => `${entry.method} ${entry.path}`);

async function ordersOf(tenant: TestTenant, db = both.db): Promise<string[]> {
  const { rows } = await sql<{ status: string }>`
    select status from kassa.orders where tenant_id = ${idOf(tenant)} order by id`.execute(db);
  return rows.map((row) => row.status);
}

test('check 89: a session of one shop is unknown at the other, and each opened it at its own Stripe account', async () => {
  const at_first = await open('shop.test');
  const at_second = await open('other.test');
  expect([at_first.status, at_second.status]).toEqual([200, 200]);
  expect(callsAt(both.first)).toEqual(['POST /v1/checkout/sessions']);
  expect(callsAt(both.second)).toEqual(['POST /v1/checkout/sessions']);
  expect((await look('shop.test', at_first.session_id)).status).toBe(200);
  expect((await look('other.test', at_second.session_id)).status).toBe(200);
  const unknown = await look('other.test', 'cs_test_unknown');
  expect(unknown.status).toBe(404);
  expect(await look('other.test', at_first.session_id)).toEqual(unknown);
  expect(await look('shop.test', at_second.session_id)).toEqual(await look('shop.test', 'cs_test_unknown'));
  await both.pass(2 * HOUR_MS);
  expect([await ordersOf(both.first), await ordersOf(both.second)]).toEqual([['expired'], ['expired']]);
});

test('each shop has stock, numbers, mail and hooks of its own, and a webhook finds its shop by who signed it', async () => {
  const sold = [await open('shop.test'), await open('shop.test'), await open('other.test')];
  expect(sold.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await open('shop.test')).status).toBe(409);
  for (const { session_id } of sold.slice(0, 2)) {
    await both.first.sandbox.control.pay(session_id, { outcome: 'pays', email: 'bob@example.com' });
  }
  await both.second.sandbox.control.pay(sold[2]?.session_id ?? '', { outcome: 'pays', email: 'ann@example.com' });
  await both.rest();
  expect(await ordersOf(both.first)).toEqual(['expired', 'paid', 'paid']);
  expect(await ordersOf(both.second)).toEqual(['expired', 'paid']);
  const { rows } = await sql<{ numbers: number[]; mail: string[]; books: number }>`
    select (select array_agg(number::bigint order by number) from kassa.orders
              where tenant_id = tenants.id and number is not null) as numbers,
           (select array_agg(n.text_body) from kassa.notifications n
              join kassa.orders o on o.id = n.order_id where o.tenant_id = tenants.id) as mail,
           (select sum(amount_minor)::int from kassa.ledger_entries
              where tenant_id = tenants.id and account in ('stripe', 'fees')) as books
    from kassa.tenants order by key`.execute(both.db);
  expect(rows.map(({ numbers, books }) => ({ numbers, books }))).toEqual([
    { numbers: [1001, 1002], books: 9_000 },
    { numbers: [1001], books: 4_500 },
  ]);
  expect(rows[1]?.mail).toEqual([expect.stringContaining('Other Hall')]);
  expect(rows[0]?.mail).toHaveLength(2);
  expect(rows[0]?.mail.join()).not.toContain('Other Hall');
  expect(hooked).toHaveLength(3);
});

test('without webhooks each shop finds its own payments by asking its own account', async () => {
  await sql`update kassa.stock set capacity = 50`.execute(both.db);
  const at_first = await open('shop.test');
  const at_second = await open('other.test');
  const rules: string[] = [];
  for (const [{ sandbox }, session_id] of [
    [both.first, at_first.session_id],
    [both.second, at_second.session_id],
  ] as const) {
    rules.push(sandbox.control.addWebhookRule({ match: {}, action: { kind: 'drop' } }));
    await sandbox.control.pay(session_id, { outcome: 'pays' });
  }
  await both.pass(2 * 60_000);
  both.first.sandbox.control.removeWebhookRule(rules[0] ?? '');
  both.second.sandbox.control.removeWebhookRule(rules[1] ?? '');
  expect((await ordersOf(both.first)).at(-1)).toBe('paid');
  expect((await ordersOf(both.second)).at(-1)).toBe('paid');
});

describe('a webhook', () => {
  const send = (secret: string, at_s: number, host = 'shop.test', body = '{"id":"evt_x"}') => {
    const signature = createHmac('sha256', secret).update(`${at_s}.${body}`).digest('hex');
    const headers = { 'Stripe-Signature': `t=${at_s},v1=${signature}` };
    return both.send(`http://${host}/payments/webhook`, { method: 'POST', headers, body });
  };
  const now_s = () => Math.floor(both.first.shop.built.house.clock.now().getTime() / 1_000);

  test('that no shop has signed is refused, and one that is too old says so whichever shop signed it', async () => {
    expect(await (await send('whsec_of_nobody', now_s())).text()).toBe('Webhook Error: signature verification failed');
    for (const { webhook_secret } of [both.first, both.second]) {
      const answer = await send(webhook_secret, now_s() - 301);
      expect(await answer.text()).toBe('Webhook Error: timestamp outside the tolerance zone');
    }
  });

  test('goes to the shop that signed it, whichever host it was sent to', async () => {
    const event = (id: string) =>
      JSON.stringify({
        id,
        object: 'event',
        type: 'ping.pong',
        created: now_s(),
        livemode: false,
        data: { object: {} },
      });
    for (const host of ['shop.test', 'other.test']) {
      expect((await send('whsec_other', now_s(), host, event(`evt_${host.replace('.', '_')}`))).status).toBe(200);
    }
    const { rows } = await sql`
      select id, tenant_id from kassa.inbox_events where type = 'ping.pong' order by id`.execute(both.db);
    expect(rows).toEqual([
      { id: 'evt_other_test', tenant_id: idOf(both.second) },
      { id: 'evt_shop_test', tenant_id: idOf(both.second) },
    ]);
  });

  test('is taken in and settled while buyers hold every connection that their requests have', async () => {
    const { session_id } = await open('other.test');
    await both.rest();
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const hold = () => inTransaction(both.db, (tx) => sql`select 1`.execute(tx).then(() => over));
    const held = Array.from({ length: CONNECTIONS }, hold);
    await both.second.sandbox.control.pay(session_id, { outcome: 'pays' });
    await both.second.sandbox.tick();
    // The same one twice, since a repeat is noted too.
    const told = { id: 'evt_twice', object: 'event', type: 'ping.pong', created: now_s(), livemode: false };
    const body = JSON.stringify({ ...told, data: { object: {} } });
    for (const _ of [1, 2]) expect((await send('whsec_other', now_s(), 'shop.test', body)).status).toBe(200);
    await drainInbox(both.installation.inbox, 50);
    expect((await ordersOf(both.second, both.own_db)).at(-1)).toBe('paid');
    expect((await look('shop.test', 'cs_test_1')).status).toBe(503);
    end();
    await Promise.all(held);
  });
});

describe('keys and tokens', () => {
  const keyFor = async (tenant: TestTenant, kind: 'publishable' | 'secret'): Promise<string> => {
    const text = makeKey(kind, 'test', seededRandom(`key ${kind} ${tenant.webhook_secret}`));
    const row = { tenant_id: idOf(tenant), mode: 'test', kind, name: kind, text, scopes: [], caps: {} } as const;
    await inTransaction(both.db, (tx) => insertKey(tx, row, { ids: realIds, at: new Date(0) }));
    return text;
  };
  const tokenOf = (secret: string, sub: string): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = both.first.shop.built.house.clock.now().getTime() / 1_000 + 60;
    const body = `${part({ alg: 'HS256' })}.${part({ sub, exp })}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  };

  test('a publishable key names the shop where the host names none, and never leads away from one that has', async () => {
    const key = await keyFor(both.second, 'publishable');
    const Authorization = `Bearer ${key}`;
    const before = (await ordersOf(both.second)).length;
    const success_url = 'https://other.example/thanks';
    const ask = (host: string) =>
      both.send(`http://${host}${CREATE}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization },
        body: JSON.stringify({ offer: 'seat', success_url }),
        ip: nextAddress(),
      });
    expect((await ask('127.0.0.1')).status).toBe(200);
    expect((await ask('other.test')).status).toBe(200);
    expect((await ask('OTHER.test.:8080')).status).toBe(200);
    expect(await ordersOf(both.second)).toHaveLength(before + 3);
    const first_key = await keyFor(both.first, 'publishable');
    const answer = await both.send(`http://other.test${CREATE}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${first_key}` },
      body: '{}',
    });
    expect(answer.status).toBe(401);
  });

  test('a buyer of one shop is nobody at the other, also under the same name', async () => {
    const of_first = `Bearer ${tokenOf('signs the buyers of default', '1')}`;
    const of_second = `Bearer ${tokenOf('signs the buyers of other', '1')}`;
    expect((await open('shop.test', { Authorization: of_first })).status).toBe(200);
    expect((await open('other.test', { Authorization: of_first })).status).toBe(401);
    expect((await open('other.test', { Authorization: of_second })).status).toBe(200);
    expect((await open('shop.test', { Authorization: of_second })).status).toBe(401);
  });

  test('whoever guesses keys is not asked of the database for ever', async () => {
    const guess = (n: number) => ({
      Authorization: `Bearer ${makeKey('publishable', 'test', seededRandom(`${n}`))}`,
    });
    const answers: number[] = [];
    for (let n = 0; n < 62; n += 1) {
      const answer = await both.send(`http://127.0.0.1${STATUS}cs_test_x`, { headers: guess(n), ip: '192.0.2.9' });
      answers.push(answer.status);
    }
    expect(answers.slice(0, 60)).toEqual(Array(60).fill(401));
    expect(answers.slice(60)).toEqual([429, 429]);
  });
});

test('news of a shop that the configuration no longer names waits, and holds up nobody else', async () => {
  const { house } = both.first.shop.built.inbox;
  const alone = { ...both.installation.inbox, houses: new Map([[idOf(both.first), house]]) };
  const session = await open('other.test');
  await both.second.sandbox.control.pay(session.session_id, { outcome: 'pays' });
  await both.second.sandbox.tick();
  await drainInbox(alone, 50);
  const waiting = await sql<{ n: number }>`
    select count(*)::int as n from kassa.inbox_events
    where handled_at is null and parked_at is null and last_error like '%names no shop%'`.execute(both.db);
  expect(waiting.rows[0]?.n).toBeGreaterThan(0);
  await both.pass(10 * 60_000);
  expect((await ordersOf(both.second)).at(-1)).toBe('paid');
});
