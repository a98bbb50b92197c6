// Goal: two cinemas on one server sell their own tickets, each with its own money, and know nothing of the other's.
// Method: HTTP by host against one installation with two shops; a sandbox for each stands in for its Stripe account.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { openInstallation, type TestInstallation, type TestTenant } from '../tenants/installation.ts';

const MOUNT = '/api/screening';
const CINEMAS = defineKassa({
  seller: { name: 'Cinema', email: 'box@example.com' },
  catalog: { film: ticket({ name: 'Night Train', price: usd('18.00'), capacity: 9, stripePrice: 'price_ticket' }) },
  hosts: ['shop.test'],
  origins: ['https://shop.example'],
  tenants: { other: { hosts: ['other.test'], name: 'Other Cinema', origins: ['https://other.example'] } },
  contracts: { 'ticket-order': { product: 'film' } },
});

let both: TestInstallation;
beforeAll(async () => {
  both = await openInstallation(CINEMAS);
  const prices = [{ id: 'price_ticket', product_name: 'Night Train', currency: 'usd', unit_amount: 1800 }];
  for (const { sandbox } of [both.first, both.second]) sandbox.control.seed({ prices });
}, 60_000);
afterAll(() => both.close());

const returnUrlAt = ({ sandbox }: TestTenant, session_id: string) => sandbox.control.session(session_id)?.return_url;

async function visit(host: string): Promise<string> {
  const answer = await both.send(`http://${host}${MOUNT}/`, { method: 'POST' });
  expect(answer.status).toBe(200);
  const secret = (await answer.json()) as string;
  return secret.slice(0, secret.indexOf('_secret_'));
}
const fill = (host: string, session_id: string): Promise<Response> =>
  both.send(`http://${host}${MOUNT}/pending`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ stripe_checkout_session_id: session_id, email: 'ann@example.com' }),
  });
const complete = (host: string, session_id: string): Promise<Response> =>
  both.send(`http://${host}${MOUNT}/complete?session_id=${session_id}`);

test('check 89, T17: a session of one cinema is not found at the other, and each was opened with its own key', async () => {
  const at_first = await visit('shop.test');
  const at_second = await visit('other.test');
  expect(returnUrlAt(both.first, at_first)).toContain(`https://shop.test${MOUNT}/complete?`);
  expect(returnUrlAt(both.second, at_second)).toContain(`https://other.test${MOUNT}/complete?`);
  expect([returnUrlAt(both.first, at_second), returnUrlAt(both.second, at_first)]).toEqual([undefined, undefined]);
  for (const [host, session_id] of [
    ['other.test', at_first],
    ['shop.test', at_second],
  ] as const) {
    expect((await fill(host, session_id)).status).toBe(404);
    expect((await complete(host, session_id)).status).toBe(404);
  }
  for (const [host, session_id, { sandbox }, origin] of [
    // Without FRONTEND_URL a shop that is tried out is at home on this computer.
    ['shop.test', at_first, both.first, 'http://127.0.0.1:4242'],
    ['other.test', at_second, both.second, 'https://other.example'],
  ] as const) {
    expect((await fill(host, session_id)).status).toBe(200);
    await sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
    const location = (await complete(host, session_id)).headers.get('Location');
    expect(location).toMatch(new RegExp(`^${origin}/screening/screening_[0-9a-z]{26}/confirmation/${session_id}$`));
  }
});

test('T4: one cinema’s host is none of the other’s names, and a made-up one is nobody’s', async () => {
  const session_id = await visit('evil.example');
  expect(returnUrlAt(both.first, session_id)).toContain(`https://shop.test${MOUNT}/complete?`);
});
