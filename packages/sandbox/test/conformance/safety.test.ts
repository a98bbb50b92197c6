// Goal: nothing that must not be kept is kept, nobody else on the machine can use the sandbox, and it says what it is.
import '../report/kept-fresh.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox } from '../../src/index.ts';
import { hosted, openShop, refusal } from '../shop.ts';

const CANARY = ['4539', '5787', '6362', '1486'].join('');
const LIVE = ['sk', 'live', 'canary0canary0canary'].join('_');

interface Sent {
  path?: string;
  key?: string;
  bearer?: string;
  body?: string;
  method?: string;
}

/** Sends a call in which something stands that must be kept nowhere. Answers the status and every byte that is left. */
async function plant(sent: Sent): Promise<{ status: number; bytes: string }> {
  const lines: string[] = [];
  const { sandbox } = openShop({ log: (line) => lines.push(JSON.stringify(line)) });
  const { path = '/v1/customers', key = 'k', bearer = 'sk_test_x1', body = 'name=a', method = 'POST' } = sent;
  const response = await sandbox.fetch(
    new Request(`http://api.test${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'idempotency-key': key },
      ...(method === 'POST' ? { body: new URLSearchParams(body) } : {}),
    }),
  );
  sandbox.control.snapshot('all');
  const kept = JSON.stringify(sandbox.control.readSnapshot('all'));
  const reply = `${JSON.stringify([...response.headers])}${await response.text()}`;
  return { status: response.status, bytes: `${lines.join('\n')}${kept}${reply}` };
}

test.each<[string, Sent]>([
  ['the address', { path: `/v1/customers/${CANARY}`, method: 'GET' }],
  ['an address that is not there', { path: `/v1/cards/${CANARY}` }],
  ['the idempotency key', { key: `card-${CANARY}`.replace('-', ' ') }],
  ['a description', { body: `description=${CANARY}` }],
  ['metadata, in groups of four', { body: `metadata[card]=${CANARY.replace(/(.{4})/g, '$1 ')}` }],
  ['a search', { path: `/v1/customers/search?query=name:'${CANARY}'`, method: 'GET' }],
])('a card number in %s is refused and stands in no byte afterwards', async (_, sent) => {
  const { status, bytes } = await plant(sent);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(bytes.replaceAll(/[ +]|%20/g, '')).not.toContain(CANARY);
});

test.each<[string, Sent]>([
  ['the address', { path: `/v1/customers/${LIVE}`, method: 'GET' }],
  ['the idempotency key', { key: LIVE }],
  ['the authorization', { bearer: LIVE }],
  ['the body', { body: `name=${LIVE}` }],
  ['the query', { path: `/v1/customers?email=${LIVE}`, method: 'GET' }],
])('a live key in %s is refused with 403 and stands in no byte afterwards', async (_, sent) => {
  const { status, bytes } = await plant(sent);
  expect(status).toBe(403);
  expect(bytes).not.toContain(LIVE);
});

test('its own keys can be told from every other test key', () => {
  const { sandbox } = openShop();
  expect(sandbox.keys.secret).toMatch(/^sk_test_sandbox_\w{24}$/);
  expect(sandbox.keys.publishable).toMatch(/^pk_test_sandbox_\w{24}$/);
});

test('every page and the README say that it is unofficial, and no title bears the name', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  const page = async (url: string) => (await sandbox.fetch(new Request(url))).text();
  const open = await page(session.url ?? '');
  await sandbox.control.pay(session.id, { outcome: 'needs 3-D Secure' });
  const intent = (await stripe.checkout.sessions.retrieve(session.id)).payment_intent;
  const asked = await page(`http://127.0.0.1:4243/3ds/${intent}`);
  const panel = await page('http://127.0.0.1:4243/_sandbox');
  for (const html of [open, asked, panel]) {
    expect(html).toMatch(/Unofficial, not affiliated with Stripe/i);
    expect(/<title>([^<]*)/.exec(html)?.[1]).not.toMatch(/stripe/i);
  }
  const folder = join(import.meta.dirname, '../..');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(/Unofficial, not affiliated with Stripe/);
  expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name).not.toMatch(/stripe/i);
});

test('webhooks go to this machine, or to a host that was allowed by name', async () => {
  const sandbox = createSandbox({ strict: true, allowHosts: ['shop.test'] });
  onTestFinished(() => sandbox.close());
  const stripe = sandbox.stripe(Stripe);
  const endpoint = (url: string) => stripe.webhookEndpoints.create({ url, enabled_events: ['*'] });
  expect((await endpoint('http://127.0.0.1:9/a')).status).toBe('enabled');
  expect((await endpoint('https://shop.test/a')).status).toBe('enabled');
  expect((await refusal(endpoint('https://elsewhere.example/a'))).param).toBe('url');
  const webhooks = [{ url: 'https://elsewhere.example/a', secret: 'whsec_x' }];
  expect(() => createSandbox({ webhooks })).toThrow(/elsewhere\.example/);
});

test('looking at pages moves no id: the same calls give the same ids whoever looked in between', async () => {
  const ids = async (looks: boolean): Promise<string[]> => {
    const { sandbox, stripe } = openShop({ seed: 'looking' });
    const session = await stripe.checkout.sessions.create(hosted());
    if (looks) {
      for (const url of [session.url ?? '', 'http://127.0.0.1:4243/_sandbox']) await sandbox.fetch(new Request(url));
    }
    return [session.id, (await stripe.customers.create({ name: 'a' })).id];
  };
  expect(await ids(true)).toEqual(await ids(false));
});

test('a page is known by another nonce each time', async () => {
  const { sandbox } = openShop();
  const nonce = async () =>
    (await sandbox.fetch(new Request('http://127.0.0.1:4243/_sandbox'))).headers.get('content-security-policy');
  expect(await nonce()).not.toBe(await nonce());
});
