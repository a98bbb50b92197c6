// Goal: a person can buy on the hosted page in every way that it offers, and what the shop learns is the truth.
// Method: a served sandbox with a file store, a shop that receives its webhooks, the official client, real Chromium.
import '../report/kept-fresh.ts';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../../src/sandbox.ts';
import { type Served, serveSandbox } from '../../src/serve.ts';
import { launchBrowser } from '../browser.ts';
import { PATIENCE_MS, takesItsTime } from '../patience.ts';

takesItsTime();

let browser: Browser;
let sandbox: Sandbox;
let served: Served;
let stripe: Stripe;
let folder: string;
let shopUrl: string;
/** What the shop heard, in order: `webhook …` and `returned …`. */
let heard: string[] = [];
const logged: string[] = [];

const shop = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'POST') {
    const signature = String(request.headers['stripe-signature']);
    const event = stripe.webhooks.constructEvent(body, signature, 'whsec_hosted');
    if (event.type.startsWith('checkout.session.')) heard.push(`webhook ${event.type}`);
    return response.writeHead(200).end('{}');
  }
  if (url.pathname === '/thanks') heard.push(`returned ${url.searchParams.get('session')}`);
  return response
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<!doctype html><title>Shop</title><h1>${url.pathname}</h1>`);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  shopUrl = `http://localhost:${(shop.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), 'hosted-'));
  sandbox = createSandbox({
    store: join(folder, 'sandbox.db'),
    sellerName: 'Blue Hall',
    asyncDelayMs: 60_000,
    webhooks: [{ url: `${shopUrl}/webhook`, secret: 'whsec_hosted' }],
    log: (line) => logged.push(JSON.stringify(line)),
  });
  served = await serveSandbox(sandbox, { port: 0 });
  stripe = new Stripe(sandbox.keys.secret, {
    host: '127.0.0.1',
    port: served.port,
    protocol: 'http',
    telemetry: false,
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  await sandbox?.close();
  shop.close();
  await rm(folder, { recursive: true, force: true });
});

type Wanted = { [K in keyof Stripe.Checkout.SessionCreateParams]?: Stripe.Checkout.SessionCreateParams[K] | undefined };

/** A session for two tickets. */
function open(more: Wanted = {}) {
  heard = [];
  return stripe.checkout.sessions.create({
    mode: 'payment',
    success_url: `${shopUrl}/thanks?session={CHECKOUT_SESSION_ID}`,
    cancel_url: `${shopUrl}/shop`,
    line_items: [
      {
        quantity: 2,
        price_data: { currency: 'usd', unit_amount: 10_000, product_data: { name: 'Lakers vs Warriors' } },
        adjustable_quantity: { enabled: true, minimum: 1, maximum: 8 },
      },
    ],
    ...more,
  } as Stripe.Checkout.SessionCreateParams);
}

async function visit(session: Stripe.Checkout.Session, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(session.url ?? '');
  if (await page.getByLabel('E-mail').isVisible()) await page.getByLabel('E-mail').fill('ann@example.com');
  return page;
}

const choose = (page: Page, name: string) => page.getByRole('radio', { name, exact: true }).check();
const press = (page: Page) => page.locator('#pay-button').click();
const now = (id: string) => stripe.checkout.sessions.retrieve(id);

test('the shop hears the signed webhook before the buyer comes back', async () => {
  const session = await open();
  const page = await visit(session);
  await press(page);
  await page.waitForURL(`${shopUrl}/thanks?session=${session.id}`);
  expect(heard).toEqual(['webhook checkout.session.completed', `returned ${session.id}`]);
  const paid = await now(session.id);
  expect([paid.status, paid.payment_status, paid.customer_details?.email]).toEqual([
    'complete',
    'paid',
    'ann@example.com',
  ]);
  await page.context().close();
});

test('a declined buyer keeps what was typed, and pays with another ending', async () => {
  const session = await open();
  const page = await visit(session);
  await choose(page, 'Is declined');
  await page.getByLabel('Reason of the decline').selectOption('insufficient_funds');
  await press(page);
  await page.getByRole('heading', { name: 'The payment did not go through' }).waitFor();
  expect(await page.locator('#problems').textContent()).toContain('insufficient funds');
  expect(await page.getByLabel('E-mail').inputValue()).toBe('ann@example.com');
  expect((await now(session.id)).status).toBe('open');
  await choose(page, 'Pays');
  await press(page);
  await page.waitForURL(/thanks/);
  const charges = await stripe.charges.list({ payment_intent: String((await now(session.id)).payment_intent) });
  expect(charges.data.map((charge) => charge.status).sort()).toEqual(['failed', 'succeeded']);
  await page.context().close();
});

test('3-D Secure: refused, left open, and then answered', async () => {
  const session = await open();
  const page = await visit(session);
  await choose(page, 'Needs 3-D Secure');
  await press(page);
  await page.getByRole('heading', { name: 'Did you order this for $200.00?' }).waitFor();
  await page.getByRole('button', { name: 'Fail' }).click();
  await page.locator('#problems:not([hidden])').waitFor();
  expect((await now(session.id)).status).toBe('open');
  await choose(page, 'Needs 3-D Secure');
  await page.getByLabel('E-mail').fill('ann@example.com');
  await press(page);
  await page.getByRole('button', { name: 'Leave it open' }).click();
  await page.getByRole('heading', { name: 'The bank’s question stays open' }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Complete' }).click();
  await page.waitForURL(/thanks/);
  expect((await now(session.id)).payment_status).toBe('paid');
  await page.context().close();
});

test('quantity and promotion code change the total that is paid', async () => {
  const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once', name: 'Friends' });
  await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'FRIENDS' });
  const session = await open({ allow_promotion_codes: true });
  const page = await visit(session);
  await page.getByLabel('Quantity of Lakers vs Warriors').fill('3');
  await page.getByLabel('Quantity of Lakers vs Warriors').press('Tab');
  await page.locator('#pay-button').filter({ hasText: 'Pay $300.00' }).waitFor();
  await page.getByLabel('Promotion code').fill('NOPE');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.locator('#f-promotion_code-error:not([hidden])').waitFor();
  await page.getByLabel('Promotion code').fill('friends');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.locator('#pay-button').filter({ hasText: 'Pay $240.00' }).waitFor();
  expect(await page.getByLabel('E-mail').inputValue()).toBe('ann@example.com');
  await press(page);
  await page.waitForURL(/thanks/);
  expect((await now(session.id)).amount_total).toBe(24_000);
  await page.context().close();
});

test('walking away tells the shop nothing, closing the tab after paying tells it by webhook alone', async () => {
  const left = await open();
  const page = await visit(left);
  await choose(page, 'Walks away');
  await press(page);
  await page.getByRole('heading', { name: 'The buyer walked away' }).waitFor();
  expect((await now(left.id)).status).toBe('open');
  expect(heard).toEqual([]);
  const closed = await open();
  await page.goto(closed.url ?? '');
  await page.getByLabel('E-mail').fill('ann@example.com');
  await choose(page, 'Pays, then closes the tab');
  await press(page);
  await page.getByRole('heading', { name: 'Paid, and the tab is gone' }).waitFor();
  await expect.poll(() => heard).toEqual(['webhook checkout.session.completed']);
  expect((await now(closed.id)).payment_status).toBe('paid');
  await page.context().close();
});

test('a bank debit completes the order and leaves it unpaid until the bank answers', async () => {
  const session = await open({
    line_items: [
      { quantity: 1, price_data: { currency: 'eur', unit_amount: 5000, product_data: { name: 'Massage' } } },
    ],
  });
  const page = await visit(session);
  await choose(page, 'Pays later');
  await page.getByLabel('Result of the bank debit').selectOption('fails');
  await press(page);
  await page.waitForURL(/thanks/);
  const accepted = await now(session.id);
  expect([accepted.status, accepted.payment_status]).toEqual(['complete', 'unpaid']);
  await sandbox.control.finishAsync(String(accepted.payment_intent), 'fails');
  await expect.poll(() => heard.at(-1)).toBe('webhook checkout.session.async_payment_failed');
  await page.context().close();
});

test('an order that costs nothing asks for no card', async () => {
  const coupon = await stripe.coupons.create({ percent_off: 100, duration: 'once' });
  const session = await open({ discounts: [{ coupon: coupon.id }] });
  const page = await visit(session);
  expect(await page.getByLabel('Card number').count()).toBe(0);
  await press(page);
  await page.waitForURL(/thanks/);
  expect((await now(session.id)).payment_status).toBe('no_payment_required');
  await page.context().close();
});

test('a card is saved without a payment, and a declined one is not', async () => {
  const session = await open({ mode: 'setup', currency: 'usd', line_items: undefined });
  const page = await visit(session);
  await page.getByRole('heading', { name: 'Save a card' }).waitFor();
  await choose(page, 'Is declined');
  await press(page);
  await page.getByRole('heading', { name: 'The payment did not go through' }).waitFor();
  await choose(page, 'Is accepted');
  await press(page);
  await page.waitForURL(/thanks/);
  const done = await now(session.id);
  expect([done.status, done.payment_status]).toEqual(['complete', 'no_payment_required']);
  expect((await stripe.setupIntents.retrieve(String(done.setup_intent))).status).toBe('succeeded');
  await page.context().close();
});

test('the panel shows what happened, moves the clock and sends an event again', async () => {
  const session = await open();
  await sandbox.control.pay(session.id, { email: 'ann@example.com' });
  await expect.poll(() => heard).toEqual(['webhook checkout.session.completed']);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${served.url}/_sandbox`);
  const row = page.locator('#events tr', { hasText: 'checkout.session.completed' }).filter({ hasText: session.id });
  await row.getByRole('button', { name: 'Resend' }).click();
  await expect.poll(() => heard).toEqual(['webhook checkout.session.completed', 'webhook checkout.session.completed']);
  const before = sandbox.clock.now();
  await page.getByRole('button', { name: '+1 hour' }).click();
  await page.locator('#notice p').filter({ hasText: 'clock' }).waitFor();
  expect(sandbox.clock.now() - before).toBeGreaterThanOrEqual(3_600_000);
  await context.close();
});

test('without script a buyer is declined, pays, and comes back', async () => {
  const session = await open();
  const page = await visit(session, { javaScriptEnabled: false });
  await choose(page, 'Is declined');
  await press(page);
  await page.getByRole('heading', { name: 'The payment did not go through' }).waitFor();
  await choose(page, 'Pays');
  await press(page);
  await page.waitForURL(/thanks/);
  expect((await now(session.id)).payment_status).toBe('paid');
  await page.context().close();
});

test('a session that is over says so, and is not paid twice from a second tab', async () => {
  const session = await open();
  const first = await visit(session);
  const second = await visit(session);
  await press(first);
  await first.waitForURL(/thanks/);
  await press(second);
  await second.getByRole('heading', { name: 'This order is complete' }).waitFor();
  expect(
    (await stripe.charges.list({ payment_intent: String((await now(session.id)).payment_intent) })).data,
  ).toHaveLength(1);
  const expired = await open();
  await stripe.checkout.sessions.expire(expired.id);
  await second.goto(`${served.url}/c/pay/${expired.id}`);
  await second.getByRole('heading', { name: 'This page has expired' }).waitFor();
  await first.context().close();
  await second.context().close();
});

test('a real-looking card is refused and is in no byte of the store and in no line of the log', async () => {
  // Valid by its check digit, but nobody's: the canary.
  const canary = '5454545454545454';
  const session = await open();
  const page = await visit(session, { javaScriptEnabled: false });
  await choose(page, 'Whatever the card does');
  await page.getByLabel('Card number').fill('5454 5454 5454 5454');
  await page.getByLabel('Expires').fill('11 / 31');
  await page.getByLabel('Security code').fill('987');
  await press(page);
  await page.getByRole('heading', { name: 'Please look at this again' }).waitFor();
  expect(await page.locator('#f-card_number-error').textContent()).toContain('Only test cards work here');
  expect(await page.content()).not.toMatch(/5454/);
  for (const file of await readdir(folder)) {
    const bytes = (await readFile(join(folder, file))).toString('latin1').replaceAll(' ', '');
    expect(bytes.includes(canary), file).toBe(false);
  }
  expect(logged.join('\n').replaceAll(' ', '')).not.toContain(canary);
  await page.context().close();
});

test('a form from another site pays nothing', async () => {
  const session = await open();
  const page = await visit(session);
  const token = String(await page.locator('[name=token]').inputValue());
  const address = `${served.url}/c/pay/${session.id}/confirm`;
  const body = { token, email: 'ann@example.com', outcome: 'pays', intent: 'pay' };
  const from = (origin: string, fields: Record<string, string>) =>
    fetch(address, { method: 'POST', headers: { origin }, body: new URLSearchParams(fields), redirect: 'manual' });
  expect((await from('https://elsewhere.example', body)).status).toBe(403);
  expect((await from(served.url, { ...body, token: 'guessed' })).status).toBe(403);
  expect((await now(session.id)).status).toBe('open');
  expect((await from(served.url, body)).status).toBe(303);
  expect((await now(session.id)).status).toBe('complete');
  await page.context().close();
});
