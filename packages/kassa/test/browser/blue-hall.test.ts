// Goal: a person buys at Blue Hall as people do: with the mouse, with the keyboard, on a phone, in the dark, with a card
// that is declined, for seats that somebody else takes first. And what happens is to be seen backstage.
// Method: a real Chromium, the shop as `npm start` opens it, the sandbox's own payment page, real time, no mocks. Any
// request that leaves this computer, any error in the console and any finding of axe fails the test.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findBrowser, launchBrowser } from '../../../sandbox/test/browser.ts';
import { type OpenShop, openBlueHall } from '../setup/open-shop.ts';
import { expectClean, expectFits, visitorsOf } from './visitors.ts';

const found = await findBrowser();
if ('missing' in found) console.warn(`browser tests will be skipped: ${found.missing}`);

/** `npm test` buys as a person does; what else pages have to stand is left to `npm run test:browser`. */
const SHORT = process.env.KASSA_TEST_SHORT !== undefined;

let browser: Browser;
let shop: OpenShop;
const { visitor, leave } = visitorsOf(() => browser);

const atShop = async (page: Page, path = '/'): Promise<Page> => {
  await page.goto(shop.url + path);
  return page;
};

/** Fills in the payment page of the sandbox and presses its button. */
async function payAs(page: Page, outcome = 'pays'): Promise<void> {
  await page.waitForURL('**/c/pay/**');
  await page.getByLabel('E-mail').fill('ann@example.com');
  await page.locator(`input[name="outcome"][value="${outcome}"]`).check();
  await page.locator('#pay-button').click();
}

const buy = (page: Page, offer: string): Promise<void> => page.locator(`[data-focus="${offer} buy"]`).click();

describe.skipIf('missing' in found)('Blue Hall', () => {
  beforeAll(async () => {
    [browser, shop] = await Promise.all([launchBrowser(), openBlueHall()]);
  });
  afterEach(leave);
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  test('a stranger buys two tickets, and backstage shows every step from the request to the receipt', async () => {
    const page = await atShop(await visitor());
    const backstage = page.locator('#backstage');
    await backstage.getByText('Buy something; every step will show here.').waitFor();
    await page.getByRole('button', { name: 'More of Lakers vs Warriors' }).click();
    await page.getByRole('button', { name: /^Buy 2.*\$200\.00/ }).click();
    await payAs(page);
    await page.waitForURL('**/order?session_id=cs_test_**');
    await page.getByRole('heading', { name: 'Payment successful' }).waitFor();
    await backstage.getByText('Mail receipt', { exact: true }).waitFor();
    await backstage.getByText('Hook order.paid', { exact: true }).waitFor();
    const steps = await backstage.locator('.steps b').allTextContents();
    const told = [
      'Checkout requested',
      'Held 2 × Lakers vs Warriors',
      'Payment page opened',
      'Payment of 200.00 USD succeeded',
      'Webhook checkout.session.completed',
      'Order paid',
    ];
    for (const step of told) expect(steps.filter((one) => one.startsWith(step))).toHaveLength(1);
    await atShop(page);
    await page.getByText('98 of 100 left').waitFor();
    await backstage.getByRole('link', { name: 'Inbox' }).click();
    await page.getByRole('link', { name: /order #\d+ is paid/ }).click();
    await page.frameLocator('iframe.mail').getByText('2 × Lakers vs Warriors').waitFor();
  });

  test('a declined card is not the end: the page stays, the next card pays, one order is paid', async () => {
    const page = await atShop(await visitor());
    await buy(page, 'chamber');
    await payAs(page, 'declined');
    await page
      .getByText(/declined/i)
      .first()
      .waitFor();
    expect(page.url()).toContain('/c/pay/');
    await page.locator('input[name="outcome"][value="pays"]').check();
    await page.locator('#pay-button').click();
    await page.getByRole('heading', { name: 'Payment successful' }).waitFor();
    await atShop(page);
    await page.getByText('11 of 12 left').waitFor();
  });

  test('a gift is bought without a mouse, from the first key to the thank-you', async () => {
    const page = await atShop(await visitor());
    await page.locator('.ticket').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the tickets');
    await page.keyboard.press('Enter');
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.id === 'gift-amount')) break;
    }
    await page.keyboard.press('Control+a');
    await page.keyboard.type('0.50');
    await page.keyboard.press('Enter');
    await page.getByText(/between 5\.00 and 500\.00/).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('gift-amount');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('12.50');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/c/pay/**');
    await page.getByLabel('E-mail').focus();
    await page.keyboard.type('ann@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Payment successful' }).waitFor();
    await page.getByRole('cell', { name: '$12.50' }).first().waitFor();
  });

  test('a double click makes one order, and so does a shop that answers only the second time', async () => {
    const page = await atShop(await visitor());
    await page.locator('[data-focus="poster buy"]').waitFor();
    let lost = 0;
    await page.route('**/checkout/session', async (route) => {
      lost += 1;
      if (lost > 1) return route.continue();
      // The shop hears the request, the page never hears the answer.
      await route.fetch();
      return route.abort();
    });
    await page.locator('[data-focus="poster buy"]').dblclick();
    await page.getByText('The shop cannot be reached. Nothing was bought.').waitFor();
    const before = await ordersOf('poster');
    await buy(page, 'poster');
    await page.waitForURL('**/c/pay/**');
    expect(before).toBe(1);
    expect(await ordersOf('poster')).toBe(1);
  });

  describe.skipIf(SHORT)('with all its pages', () => {
    test('check 66, H22: the page of old front ends leads from an amount to “Payment successful!”', async () => {
      const page = await atShop(await visitor(), '/pay');
      await page.fill('#amount', '25.50');
      await page.click('#payButton');
      await payAs(page);
      await page.waitForURL('**/pay?session_id=cs_test_**');
      await page.locator('#status.success').waitFor();
      expect(await page.textContent('#status')).toBe('Payment successful! Thank you for your purchase.');
      expect(await page.getAttribute('#status', 'class')).toBe('status success');
    });

    test('check 66, H6: the same page pays a price of Stripe, twice its sum for two', async () => {
      const page = await atShop(await visitor(), '/pay');
      await page.check('input[value="price"]');
      expect(await page.getAttribute('#priceSection', 'class')).toContain('active');
      expect(await page.getAttribute('#amountSection', 'class')).not.toContain('active');
      await page.fill('#priceId', ' price_poster ');
      await page.fill('#quantity', '2');
      await page.click('#payButton');
      await page.waitForURL('**/c/pay/**');
      await page.getByText('$36.00').first().waitFor();
      await payAs(page);
      await page.locator('#status.success').waitFor();
    });

    test('H21: the page itself refuses an empty amount and an empty price, and says what to do', async () => {
      const page = await atShop(await visitor(), '/pay');
      for (const amount of ['', '0', '-1']) {
        await page.fill('#amount', amount);
        await page.click('#payButton');
        expect(await page.textContent('#error')).toBe('Please enter a valid amount greater than 0');
      }
      await page.check('input[value="price"]');
      expect(await page.textContent('#error')).toBe('');
      await page.click('#payButton');
      expect(await page.textContent('#error')).toBe('Please enter a valid Stripe Price ID');
      await page.fill('#priceId', 'price_unknown');
      await page.click('#payButton');
      await page.getByText('Failed to create checkout session').waitFor();
    });

    test('H14, H18: who turns back on the payment page lands on the page that sent them, and nothing is lost', async () => {
      const page = await atShop(await visitor(), '/pay');
      await page.fill('#amount', '30');
      await page.click('#payButton');
      await page.waitForURL('**/c/pay/**');
      const session_id = /cs_test_\w+/.exec(page.url())?.[0];
      await page.getByRole('link', { name: /Back to Blue Hall/ }).click();
      await page.waitForURL(`${shop.url}/pay`);
      await atShop(page, `/pay?session_id=${session_id}`);
      await page.getByText('Payment is being processed...').waitFor();
      await page.locator('#status.error').waitFor();
      expect(await page.textContent('#status')).toBe(
        'Payment status check timed out. Please check your email for confirmation.',
      );
      await atShop(page, `/order?session_id=${session_id}`);
      await page.getByRole('heading', { name: 'Not paid yet' }).waitFor();
    });

    test('two want the last two chairs: one pays, the other is told at once, and the shop says sold out', async () => {
      const quick = await atShop(await visitor());
      const slow = await atShop(await visitor());
      for (const page of [quick, slow]) await page.getByRole('button', { name: 'More of Open rehearsal' }).click();
      // The slow one looks at an old page: its own refresh is held back.
      await slow.route('**/pay/catalog', (route) => route.abort());
      await buy(quick, 'rehearsal');
      await quick.waitForURL('**/c/pay/**');
      await slow.unroute('**/pay/catalog');
      await buy(slow, 'rehearsal');
      await slow
        .locator('[data-offer="rehearsal"]')
        .getByText(/Somebody was faster.*Nothing was charged/)
        .waitFor();
      await payAs(quick);
      await quick.getByRole('heading', { name: 'Payment successful' }).waitFor();
      await atShop(slow);
      await slow.locator('[data-offer="rehearsal"]').getByText('Sold out').waitFor();
      expect(await slow.locator('[data-focus="rehearsal buy"]').count()).toBe(0);
    });

    test('nothing says failed while nobody knows: without a connection the page waits and then tells the truth', async () => {
      const page = await atShop(await visitor());
      await buy(page, 'lakers');
      await page.waitForURL('**/c/pay/**');
      const session_id = /cs_test_\w+/.exec(page.url())?.[0];
      let away = true;
      await page.route('**/pay/orders/**', (route) => (away ? route.abort() : route.continue()));
      await atShop(page, `/order?session_id=${session_id}`);
      await page.getByRole('heading', { name: 'No connection' }).waitFor();
      expect(await page.textContent('main')).not.toMatch(/fail/i);
      await shop.kassa.stand_in?.sandbox.control.pay(String(session_id), { outcome: 'pays', email: 'ann@example.com' });
      away = false;
      await page.getByRole('heading', { name: 'Payment successful' }).waitFor();
    });

    test('an order that nobody knows, and a page without one, are said plainly', async () => {
      const page = await atShop(await visitor(), '/order?session_id=cs_test_unknown');
      await page.getByRole('heading', { name: 'We know no such order' }).waitFor();
      await atShop(page, '/order');
      await page.getByRole('heading', { name: 'Which order?' }).waitFor();
    });

    describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
      test('every page is free of accessibility findings', async () => {
        const page = await visitor({ colorScheme });
        const session_id = await aPaidSession();
        for (const path of [
          '/',
          '/pay',
          `/order?session_id=${session_id}`,
          '/admin/orders',
          '/admin/inbox',
          '/admin/attention',
        ]) {
          await atShop(page, path);
          await settled(page, path);
          await expectClean(page, path);
        }
        await atShop(page, '/admin/orders');
        await page.locator('tbody th a').first().click();
        await page.getByRole('log').waitFor();
        await expectClean(page, 'order');
        await atShop(page, '/admin/inbox');
        await page.locator('tbody th a').first().click();
        await page.locator('pre.text').waitFor();
        // The frame holds the mail as it was written; mails have their own tests.
        await expectClean(page, 'message', 'iframe');
      });

      test('every page fits a phone of 320 pixels without sideways scrolling', async () => {
        const page = await visitor({ colorScheme, viewport: { width: 320, height: 640 } });
        const session_id = await aPaidSession();
        for (const path of [
          '/',
          '/pay',
          `/order?session_id=${session_id}`,
          '/admin/orders',
          '/admin/inbox',
          '/admin/attention',
        ]) {
          await atShop(page, path);
          await settled(page, path);
          await expectFits(page, path);
        }
      });
    });
  });
});

async function settled(page: Page, path: string): Promise<void> {
  if (path === '/') await page.locator('.ticket').first().waitFor();
  if (path.startsWith('/order')) await page.locator('.verdict.success').waitFor();
  if (!path.startsWith('/admin')) await page.locator('#backstage .steps').first().waitFor();
}

/** Bought without a browser, so that the pages under test have something to show. */
async function aPaidSession(): Promise<string> {
  const answer = await fetch(`${shop.url}/api/payments/v1/checkout/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ offer: 'poster', success_url: `${shop.url}/order` }),
  });
  const { session_id } = (await answer.json()) as { session_id: string };
  await shop.kassa.stand_in?.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  return session_id;
}

async function ordersOf(offer: string): Promise<number> {
  const { orders } = (await (await fetch(`${shop.url}/admin/orders.json`)).json()) as {
    orders: { lines: { name: string }[]; status: string }[];
  };
  const names: Record<string, string> = { poster: 'Season poster' };
  return orders.filter((order) => order.status === 'pending' && order.lines.some((line) => line.name === names[offer]))
    .length;
}
