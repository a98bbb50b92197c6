// Goal: a person buys the feelings board in a form inside the page, and the page is never left: with a card that works,
// one that does not, one that the bank asks about, and one whose bank takes days.
// Method: a real Chromium, the example as its command opens it, the sandbox's stand-in for Stripe.js, real time, no
// mocks. Any request that leaves this computer, any error in the console and any finding of axe fails the test.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findBrowser, launchBrowser } from '../../../sandbox/test/browser.ts';
import { type OpenShop, openExample } from '../setup/open-shop.ts';
import { expectClean, expectFits, visitorsOf } from './visitors.ts';

const found = await findBrowser();
if ('missing' in found) console.warn(`browser tests will be skipped: ${found.missing}`);

let browser: Browser;
let shop: OpenShop;
const { visitor, leave } = visitorsOf(() => browser);

const form = (page: Page) => page.frameLocator('#checkout iframe');
const seen = (page: Page, heading: string): Promise<void> => page.getByRole('heading', { name: heading }).waitFor();

/** Opens the form in the page, and leaves a mark that only a page that was never reloaded still has. */
async function atForm(page: Page): Promise<Page> {
  await page.goto(shop.url);
  await page.evaluate(() => {
    document.body.dataset.visit = 'first';
  });
  await page.getByRole('button', { name: 'Buy for $2.00' }).click();
  await form(page).getByLabel('E-mail').fill('ann@example.com');
  return page;
}

async function payAs(page: Page, outcome: string): Promise<void> {
  await form(page).locator(`input[name="outcome"][value="${outcome}"]`).check();
  await form(page).locator('#pay-button').click();
}

async function expectSamePage(page: Page): Promise<void> {
  expect(page.url()).toBe(`${shop.url}/`);
  expect(await page.evaluate(() => document.body.dataset.visit)).toBe('first');
}

describe.skipIf('missing' in found)('Hero Me', () => {
  beforeAll(async () => {
    [browser, shop] = await Promise.all([launchBrowser(), openExample('embedded')]);
  });
  afterEach(leave);
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  test('E1 E2 E6: the board is paid in the page, which is neither left nor reloaded', async () => {
    const page = await atForm(await visitor());
    await payAs(page, 'pays');
    await seen(page, 'Thank you!');
    await expectSamePage(page);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('verdict-title');
    expect(await page.locator('#checkout iframe').count()).toBe(0);
    const { orders } = (await (await fetch(`${shop.url}/admin/orders.json`)).json()) as {
      orders: { status: string; email: string; total_minor: number; contract: string }[];
    };
    expect(orders[0]).toMatchObject({
      status: 'paid',
      email: 'ann@example.com',
      total_minor: 200,
      contract: 'embedded-checkout',
    });
  });

  test('a declined card stays in the form, and the next one pays', async () => {
    const page = await atForm(await visitor());
    await payAs(page, 'declined');
    await form(page)
      .getByText(/declined/i)
      .first()
      .waitFor();
    await payAs(page, 'pays');
    await seen(page, 'Thank you!');
    await expectSamePage(page);
  });

  test('the bank’s question is answered inside the page as well', async () => {
    const page = await atForm(await visitor());
    await payAs(page, 'needs_3ds');
    await form(page).getByRole('button', { name: 'Complete' }).click();
    await seen(page, 'Thank you!');
    await expectSamePage(page);
  });

  test('check 144: a bank that takes days is told as it is, and when it has said yes the page says so by itself', async () => {
    const page = await atForm(await visitor());
    await payAs(page, 'pays_later');
    await seen(page, 'Your bank is at work');
    // The sandbox's bank takes three seconds.
    await page.getByRole('heading', { name: 'Thank you!' }).waitFor();
    await expectSamePage(page);
  });

  test('E6: the shop hears a moment later than the form, and nobody is thanked or frightened before', async () => {
    const page = await visitor();
    let asked = 0;
    await page.route('**/session-status?**', (route) => {
      asked += 1;
      if (asked === 1) return route.fulfill({ json: { status: 'open' } });
      return asked === 2 ? route.abort() : route.continue();
    });
    await atForm(page);
    await payAs(page, 'pays');
    await page.getByText('The shop is being told of your payment…').waitFor();
    await page.getByText('Your payment is not lost').waitFor();
    await seen(page, 'Thank you!');
    expect(asked).toBe(3);
  });

  test('who does not want to pay now goes back, and may open the form again', async () => {
    const page = await atForm(await visitor());
    await page.getByRole('button', { name: 'Not now' }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('buy');
    await page.keyboard.press('Enter');
    await seen(page, 'Payment');
    await form(page).getByLabel('E-mail').waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('payment-title');
  });

  test('a shop that is away, or sold out, is said plainly, and nothing is opened', async () => {
    const page = await visitor();
    let answers = 0;
    await page.route('**/embedded-session', (route) => {
      answers += 1;
      if (answers === 1) return route.abort();
      return route.fulfill({ status: 409, json: { error: 'Sold out.', details: {}, code: 'SOLD_OUT' } });
    });
    await page.goto(shop.url);
    const buy = page.getByRole('button', { name: 'Buy for $2.00' });
    await buy.click();
    await page.getByRole('alert').getByText('The shop cannot be reached. Nothing was charged.').waitFor();
    await buy.click();
    await page.getByRole('alert').getByText('Sold out.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('trouble');
  });

  test('E5: who comes back by the return address is told what became of it', async () => {
    const page = await visitor();
    const at = (session_id: string) => page.goto(`${shop.url}/hero-me?session_id=${session_id}`);
    const opened = await fetch(`${shop.url}/api/checkout/embedded-session`, { method: 'POST' });
    const { client_secret } = (await opened.json()) as { client_secret: string };
    const session_id = client_secret.slice(0, client_secret.indexOf('_secret_'));
    await at(session_id);
    await seen(page, 'Not paid yet');
    await shop.kassa.stand_in?.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
    await seen(page, 'Thank you!');
    await at('cs_test_unknown');
    await seen(page, 'We know no such order');
    await at('');
    await seen(page, 'We know no such order');
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test('every page is free of accessibility findings, and fits a phone of 320 pixels', async () => {
      const page = await visitor({ colorScheme, viewport: { width: 320, height: 640 } });
      await page.goto(shop.url);
      await page.getByRole('button', { name: 'Buy for $2.00' }).waitFor();
      await expectClean(page, 'the board');
      await expectFits(page, 'the board');
      await atForm(page);
      // What stands in Stripe's frame is Stripe's; the stand-in has tests of its own.
      await expectClean(page, 'the form', 'iframe');
      await expectFits(page, 'the form');
      await payAs(page, 'pays');
      await seen(page, 'Thank you!');
      await expectClean(page, 'the thanks');
      await page.goto(`${shop.url}/hero-me?session_id=cs_test_unknown`);
      await seen(page, 'We know no such order');
      await expectClean(page, 'the return');
    });
  });
});
