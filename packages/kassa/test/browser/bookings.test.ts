// Goal: a person books an hour at Tidewater: an hour is chosen, priced and kept, and paid without leaving the page, with
// a new card or a kept one, with a bank that asks, one that refuses and one that takes days.
// Method: a real Chromium, the example as its command opens it, the sandbox's stand-in for Stripe.js, real time, no
// mocks. Any request that leaves this computer, any error in the console and any finding of axe fails the test.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findBrowser, launchBrowser } from '../../../sandbox/test/browser.ts';
import { developmentToken } from '../../src/main.ts';
import { type OpenShop, openExample } from '../setup/open-shop.ts';
import { expectClean, expectFits, visitorsOf } from './visitors.ts';

const found = await findBrowser();
if ('missing' in found) console.warn(`browser tests will be skipped: ${found.missing}`);

let browser: Browser;
let shop: OpenShop;
const { visitor, leave } = visitorsOf(() => browser);

const BASE = '/stripe/fastapi/api/v1/stripe';
const fields = (page: Page) => page.frameLocator('#element iframe');
const bank = (page: Page) => page.frameLocator('dialog iframe');

function tokenOf(user_id: string): string {
  const buyer = { user_id, email: `${user_id}@example.com`, lasts_s: 3_600 };
  return developmentToken(shop.settings, shop.world, buyer);
}

/** Opens the page as a buyer and waits until one could choose. */
async function atDesk(page: Page, user_id: string): Promise<Page> {
  await page.goto(`${shop.url}/#token=${tokenOf(user_id)}`);
  await page.getByText(`Signed in as ${user_id}@example.com`).waitFor();
  await page.getByLabel(/Back and shoulders/).waitFor();
  return page;
}

let next = 0;
/** Each takes another hour: Ida has eight a day. */
async function chooseHour(page: Page): Promise<void> {
  const [day, hour] = [Math.floor(next / 8), next % 8];
  next += 1;
  await page.locator('#days label').nth(day).click();
  await page.locator('#hours label').nth(hour).click();
  await page.locator('#bill .total').waitFor();
}

const go = (page: Page, name: RegExp | string) => page.getByRole('button', { name }).click();
const seen = (page: Page, heading: string): Promise<void> => page.getByRole('heading', { name: heading }).waitFor();

/** From the desk to the card form, with an hour kept. */
async function atCard(page: Page, user_id: string, { save = false } = {}): Promise<Page> {
  await atDesk(page, user_id);
  if (save) await page.getByLabel('Keep my card for next time').check();
  await chooseHour(page);
  await go(page, 'Continue to payment');
  await page.getByRole('button', { name: 'Pay $108.75' }).waitFor();
  return page;
}

/** The shop's own word about a buyer's order. */
async function statusOf(
  page: Page,
  user_id: string,
): Promise<{ order_status: string; bookings: { status: string }[] }> {
  const order_id = await page.locator('#number').textContent();
  const headers = { Authorization: `Bearer ${tokenOf(user_id)}`, 'Content-Type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify({ order_id }) };
  const answer = await fetch(`${shop.url}${BASE}/checkout/status`, init);
  return (await answer.json()) as { order_status: string; bookings: { status: string }[] };
}

describe.skipIf('missing' in found)('Tidewater', () => {
  beforeAll(async () => {
    [browser, shop] = await Promise.all([launchBrowser(), openExample('bookings')]);
  });
  afterEach(leave);
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  test('B8 B9 B10: an hour is chosen, priced, kept and paid, and the token is nowhere in the address', async () => {
    const page = await atCard(await visitor(), 'ann');
    expect(page.url()).toBe(`${shop.url}/`);
    expect(await page.locator('#bill').innerText()).toMatch(/\$100\.00[\s\S]*\$8\.75[\s\S]*\$108\.75/);
    expect(await page.locator('#kept').textContent()).toMatch(/^Kept for you until /);
    await fields(page).getByLabel('Card number').fill('4242 4242 4242 4242');
    await go(page, 'Pay $108.75');
    await seen(page, 'See you by the water');
    expect(await statusOf(page, 'ann')).toMatchObject({ order_status: 'paid', bookings: [{ status: 'confirmed' }] });
  });

  test('B3: a card that was kept pays the next hour, and the bank that asks about it is answered in the page', async () => {
    const page = await atCard(await visitor(), 'bo', { save: true });
    await fields(page).getByLabel('Card number').fill('4000 0027 6000 3184');
    await go(page, 'Pay $108.75');
    await bank(page)
      .getByRole('button', { name: /complete|authorize|approve/i })
      .click();
    await seen(page, 'See you by the water');
    await page.getByRole('link', { name: 'Book another hour' }).click();
    await page.getByLabel(/Back and shoulders/).waitFor();
    await chooseHour(page);
    await go(page, 'Continue to payment');
    await page.getByLabel(/VISA ending in 3184/).waitFor();
    await go(page, 'Pay $108.75');
    await bank(page).getByRole('button', { name: /fail/i }).click();
    await page.locator('#trouble:not(:empty)').waitFor();
    await go(page, 'Pay $108.75');
    await bank(page)
      .getByRole('button', { name: /complete|authorize|approve/i })
      .click();
    await seen(page, 'See you by the water');
    expect(await statusOf(page, 'bo')).toMatchObject({ order_status: 'paid' });
  });

  test('a declined card is said in the page, and the next one pays the same hour', async () => {
    const page = await atCard(await visitor(), 'cy');
    await fields(page).getByLabel('Card number').fill('4000 0000 0000 0002');
    await go(page, 'Pay $108.75');
    await page
      .getByRole('alert')
      .filter({ hasText: /declined/i })
      .waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('trouble');
    await fields(page).getByLabel('Card number').fill('4242 4242 4242 4242');
    await go(page, 'Pay $108.75');
    await seen(page, 'See you by the water');
  });

  test('a bank that takes days is told as it is, and the page says so when it has said yes', async () => {
    const page = await atCard(await visitor(), 'di');
    await fields(page).getByLabel('What should happen?').selectOption('later_succeeds');
    await go(page, 'Pay $108.75');
    await seen(page, 'Your bank is at work');
    await page.getByRole('heading', { name: 'See you by the water' }).waitFor();
  });

  test('of two who want one hour the second hears that it is gone, and when there is another', async () => {
    const first = await atCard(await visitor(), 'eve');
    const hour = await first.locator('input[name=hour]:checked').inputValue();
    const second = await atDesk(await visitor(), 'flo');
    await second
      .locator('#days label')
      .nth(Math.floor((next - 1) / 8))
      .click();
    await second.locator(`label:has(input[value="${hour}"])`).click();
    await second
      .getByRole('alert')
      .filter({ hasText: /no longer free.*Free:/ })
      .waitFor();
    expect(await second.locator(`input[value="${hour}"]`).isDisabled()).toBe(true);
    expect(await second.getByRole('button', { name: 'Continue to payment' }).isDisabled()).toBe(true);
  });

  test('five hours at once are bought, and the next hour is paid with one of them, without any bank', async () => {
    const page = await atDesk(await visitor(), 'gil');
    await page.getByLabel(/Five hours with Ida/).check();
    await go(page, 'Continue to payment');
    await fields(page).getByLabel('Card number').fill('4242 4242 4242 4242');
    await go(page, 'Pay $420.00');
    await seen(page, 'It is yours');
    await page.getByRole('link', { name: 'Book another hour' }).click();
    await page.getByLabel('Use my credits: 5 hours').waitFor();
    await chooseHour(page);
    await go(page, 'Book');
    await seen(page, 'See you by the water');
    expect(await statusOf(page, 'gil')).toMatchObject({ order_status: 'paid', bookings: [{ status: 'confirmed' }] });
  });

  test('who is not signed in is told how, and a shop that is away is said plainly', async () => {
    const page = await visitor();
    await page.goto(shop.url);
    await page.getByText('Please sign in to book').waitFor();
    const other = await atDesk(await visitor(), 'hal');
    await other.route('**/checkout/calculate-price', (route) => route.abort());
    await other.locator('#days label').nth(4).click();
    await other.locator('#hours label').nth(0).click();
    await other.getByRole('alert').filter({ hasText: 'cannot be reached. Nothing was charged.' }).waitFor();
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test('the page is free of accessibility findings from the choice to the end, and fits a phone', async () => {
      const page = await visitor({ colorScheme, viewport: { width: 320, height: 640 } });
      await page.goto(shop.url);
      await page.getByText('Please sign in to book').waitFor();
      await expectClean(page, 'signed out');
      await atCard(page, `ida-${colorScheme}`);
      // What stands in Stripe's frame is Stripe's; the stand-in has tests of its own.
      await expectClean(page, 'the payment', 'iframe');
      await expectFits(page, 'the payment');
      await go(page, 'Pay $108.75');
      await seen(page, 'See you by the water');
      await expectClean(page, 'the end');
      await expectFits(page, 'the end');
    });
  });
});
