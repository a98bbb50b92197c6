// Goal: an existing page of hosted-checkout sells, without a change to it.
// Method: a page that does what docs/contracts/hosted-checkout.md says such pages do, served from an origin of its own,
// in real Chromium; the buyer pays at the sandbox's page and comes back.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../../../packages/sandbox/test/browser.ts';
import { orderOf } from './world/hosted.ts';
import { openShop, type Shop } from './world/shop.ts';

let browser: Browser;
let pages: Server;
/** The shop's own pages: http is for this computer, where the contract wants https anywhere else. */
let front: string;
let shop: Shop;
let page: Page;
beforeAll(async () => {
  pages = createServer((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end(pageOf(shop.url)));
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  front = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  [browser, shop] = await Promise.all([launchBrowser(), openShop({ env: { FRONTEND_URL: front } })]);
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
  pages?.close();
});
beforeEach(async () => {
  await shop.sandbox.calm();
  page = await browser.newPage();
});
afterEach(() => page?.close());

async function payWithCard(): Promise<void> {
  await page.waitForURL(`${shop.sandbox_url}/**`);
  await page.getByLabel('E-mail').fill('ann@example.com');
  await page.locator('#pay-button').click();
  await page.waitForURL(`${front}/pay?session_id=*`);
}

const shown = (): Promise<readonly [string, string]> =>
  page.$eval('#status', ({ textContent, className }) => [textContent ?? '', className] as const);

test('check 66: the page script goes from the button to "Payment successful! Thank you for your purchase." with class status success', async () => {
  await page.goto(`${front}/pay`);
  await page.check('input[value=price]');
  await page.fill('#priceId', ' price_123 ');
  await page.fill('#quantity', '2');
  await page.click('#go');
  await payWithCard();
  await page.waitForSelector('#status.success');
  expect(await shown()).toEqual(['Payment successful! Thank you for your purchase.', 'status success']);
  const session_id = new URL(page.url()).searchParams.get('session_id') ?? '';
  expect(await orderOf(shop, session_id, 'paid')).toMatchObject({ total_minor: '3998', email: 'ann@example.com' });
});

test('check 66: the same page ends well when no webhook ever arrives', async () => {
  await shop.sandbox.hook({ action: { kind: 'drop' } });
  await page.goto(`${front}/pay`);
  await page.check('input[value=price]');
  await page.fill('#priceId', 'price_123');
  await page.click('#go');
  await payWithCard();
  await page.waitForSelector('#status.success', { timeout: 15_000 });
  expect((await shown())[1]).toBe('status success');
});

test('check 66: the same page says so when the session has expired, and when the shop refuses', async () => {
  await page.goto(`${front}/pay`);
  await page.fill('#amount', '25.5');
  await page.click('#go');
  await page.waitForSelector('#error:not(:empty)');
  expect(await page.textContent('#error')).toBe('Failed to create checkout session');
  const opened = await shop.post('/api/payments/v1/checkout/session', {
    stripe_price_id: 'price_123',
    success_url: `${front}/pay`,
  });
  const { session_id } = opened.json;
  await shop.sandbox.post(`/v1/checkout/sessions/${session_id}/expire`);
  await orderOf(shop, String(session_id), 'expired');
  await page.goto(`${front}/pay?session_id=${session_id}`);
  await page.waitForSelector('#status.error');
  expect(await shown()).toEqual(['Payment session expired. Please try again.', 'status error']);
  await page.goto(`${front}/pay?session_id=cs_test_unknown`);
  await page.waitForSelector('#status.error');
  expect(await shown()).toEqual(['Error checking payment status. Please try again.', 'status error']);
});

/** The page as it stands at shops that were built for this contract: the same fields, texts, classes and rhythm. */
function pageOf(backend: string): string {
  return `<!doctype html><title>Pay</title><form>
<label><input type="radio" name="paymentType" value="amount" checked>Amount</label>
<label><input type="radio" name="paymentType" value="price">Price</label>
<div id="amountSection" class="active"><input id="amount"><input id="currency" value="usd"></div>
<div id="priceSection"><input id="priceId"><input id="quantity" value="1"></div>
<button id="go" type="button">Pay</button></form><p id="error"></p><p id="status"></p>
<script>
const $ = (id) => document.getElementById(id);
const own = location.origin + location.pathname;
const show = (text, kind) => { $('status').textContent = text; $('status').className = 'status ' + kind; };
const chosen = () => document.querySelector('input[name=paymentType]:checked').value;
for (const radio of document.querySelectorAll('input[name=paymentType]')) radio.onchange = () => {
  $('amountSection').classList.toggle('active', chosen() === 'amount');
  $('priceSection').classList.toggle('active', chosen() === 'price');
};
$('go').onclick = async () => {
  const wish = { success_url: own + '?session_id={CHECKOUT_SESSION_ID}', cancel_url: own,
    metadata: { source: 'web_checkout', payment_type: chosen() } };
  if (chosen() === 'amount') {
    const amount = Number($('amount').value);
    if (!(amount > 0)) return void ($('error').textContent = 'Please enter a valid amount greater than 0');
    Object.assign(wish, { amount, currency: $('currency').value });
  } else {
    const stripe_price_id = $('priceId').value.trim();
    if (!stripe_price_id) return void ($('error').textContent = 'Please enter a valid Stripe Price ID');
    Object.assign(wish, { stripe_price_id, quantity: parseInt($('quantity').value, 10) });
  }
  try {
    const answer = await fetch(${JSON.stringify(backend)} + '/api/payments/v1/checkout/session', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(wish) });
    if (!answer.ok) throw new Error('Failed to create checkout session');
    const { url } = await answer.json();
    if (!url) throw new Error('No checkout URL received');
    location.href = url;
  } catch (error) { $('error').textContent = error.message; }
};
const session_id = new URLSearchParams(location.search).get('session_id');
async function poll(count) {
  if (count >= 5) return show('Payment status check timed out. Please check your email for confirmation.', 'error');
  try {
    const answer = await fetch(${JSON.stringify(backend)} + '/api/payments/v1/checkout/status/' + session_id);
    if (!answer.ok) throw new Error('no answer');
    const found = await answer.json();
    if (found.payment_status === 'paid') return show('Payment successful! Thank you for your purchase.', 'success');
    if (found.status === 'expired') return show('Payment session expired. Please try again.', 'error');
    show('Payment is being processed...', 'pending');
    setTimeout(() => poll(count + 1), 2000);
  } catch (error) { show('Error checking payment status. Please try again.', 'error'); }
}
if (session_id) { show('Checking payment status...', 'pending'); poll(0); }
</script>`;
}
