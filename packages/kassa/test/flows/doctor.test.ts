// Goal: whoever wonders why no webhook arrives, or whether the shop may go live, reads one line for each reason, with
// its cure.
// Method: a real shop, the endpoints that its sandbox keeps as Stripe would, and its own door behind a stand-in network.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { doctor, type Examined, type SetUp } from '../../src/flows/proof/doctor.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { forgetBodies } from '../../src/flows/upkeep/forget-bodies.ts';
import { EVENT_READERS } from '../../src/inbox/events/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

const TYPES = Object.keys(EVENT_READERS);
const URL_OF = 'https://shop.example/payments/webhook';
let shop: Counter;
beforeAll(async () => {
  shop = await openCounter();
});
afterAll(() => shop.close());

const SET_UP: SetUp = {
  ...{ behind: 'stripe', is_restricted_key: true, webhook_secrets: 1, origins: ['https://shop.example'], on_sale: 3 },
  ...{ hooks: ['order.paid'], mails_leave: true, embedded_database: false, types: TYPES },
  http: async () => new Response('Webhook Error', { status: 400 }),
};

async function ask(
  method: string,
  path: string,
  params: Record<string, string> | [string, string][],
): Promise<{ id: string }> {
  const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
  const body = method === 'DELETE' ? null : new URLSearchParams(params);
  const answer = await shop.sandbox.fetch(new Request(`http://127.0.0.1:4243/v1/${path}`, { method, headers, body }));
  expect(answer.status, await answer.clone().text()).toBe(200);
  return (await answer.json()) as { id: string };
}

async function withEndpoint(types: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
  const version: [string, string][] = [['api_version', shop.house.gateway.api_version]];
  const { id } = await ask('POST', 'webhook_endpoints', [
    ['url', URL_OF],
    ...version,
    ...types.map((type): [string, string] => ['enabled_events[]', type]),
  ]);
  try {
    await work(id);
  } finally {
    await ask('DELETE', `webhook_endpoints/${id}`, {});
  }
}

const examine = (change: Partial<SetUp> = {}) => doctor(shop.house, { ...SET_UP, ...change });
const line = (lines: readonly Examined[], id: string) => lines.find((one) => one.id === id);

test('C28: a shop that is set up well has no red line, and each line that is not green has its cure', async () => {
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  await reconcile(shop.house);
  await forgetBodies(shop.house, { kept_ms: 90 * 86_400_000 });
  await withEndpoint(TYPES, async () => {
    const lines = await examine();
    expect(lines.filter(({ level }) => level === 'bad').map(({ id }) => id)).toEqual(['durable']);
    expect(lines.map(({ id }) => id)).toEqual([
      ...['postgres', 'durable', 'database_clock', 'key', 'webhook_secret', 'endpoint', 'endpoint_version'],
      ...['endpoint_events', 'endpoint_reached', 'catalogue', 'https', 'hooks', 'mail', 'last_event', 'reconciled'],
      ...['retention', 'parked', 'breaks'],
    ]);
    for (const { level, fix } of lines) expect(fix === null).toBe(level === 'ok');
  });
});

test('C25: each reason why webhooks do not arrive is told apart', async () => {
  expect(line(await examine(), 'endpoint')).toMatchObject({ level: 'bad', fix: 'add one for …/payments/webhook' });
  expect(line(await examine({ webhook_secrets: 0 }), 'webhook_secret')).toMatchObject({ level: 'warn' });
  await withEndpoint(TYPES.slice(1), async (id) => {
    expect(line(await examine(), 'endpoint_events')).toMatchObject({
      level: 'bad',
      sentence: `it does not send ${TYPES[0]}`,
    });
    await ask('POST', `webhook_endpoints/${id}`, { disabled: 'true' });
    expect(line(await examine(), 'endpoint')).toMatchObject({ sentence: `${URL_OF} is switched off at Stripe` });
  });
  await withEndpoint(['*'], async () => {
    expect(line(await examine(), 'endpoint_events')?.level).toBe('ok');
    const answers: [number, string][] = [
      [307, 'give Stripe the address that it leads to'],
      [404, 'give Stripe the address of this shop’s /payments/webhook'],
      [503, 'set STRIPE_WEBHOOK_SECRET and restart'],
    ];
    for (const [status, fix] of answers) {
      const http = async () => new Response(null, { status });
      expect(line(await examine({ http }), 'endpoint_reached')).toMatchObject({ level: 'bad', fix });
    }
    const http = async (): Promise<Response> => {
      throw new TypeError('fetch failed');
    };
    expect(line(await examine({ http }), 'endpoint_reached')?.sentence).toContain('cannot be reached');
  });
});

test('C29: what must not go live is red in live mode, and only a warning before', async () => {
  const set_up = { origins: ['http://shop.example'], mails_leave: false, on_sale: 0 };
  const levels = (lines: readonly Examined[]) =>
    ['https', 'mail', 'catalogue'].map((id) => line(lines, id)?.level).join(' ');
  expect(levels(await examine(set_up))).toBe('warn warn bad');
  const live = { ...shop.house, shop: { ...shop.house.shop, mode: 'live' as const } };
  expect(levels(await doctor(live, { ...SET_UP, ...set_up }))).toBe('bad bad bad');
  const away = { ...shop.house, gateway: { ...shop.house.gateway } };
  shop.wire = async () => new Response('{"error":{"type":"invalid_request_error"}}', { status: 401 });
  expect(line(await doctor(away, SET_UP), 'key')).toMatchObject({ level: 'bad' });
  shop.wire = (request) => shop.sandbox.fetch(request);
});
