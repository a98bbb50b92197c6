// Goal: a person buys a ticket at The Lantern: four steps in a page of the shop's own, with a card that works, one that
// does not, one that the bank asks about, and one whose bank takes days.
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

const SCREENING = 'screening_01h455vb4pex5vsknk084sn02q';
const LATE = 'screening_01h455vb4pex5vsknk084sn02r';
const CONFIRMED = `**/screening/${SCREENING}/confirmation/cs_test_**`;

const fields = (page: Page) => page.frameLocator('#payment iframe');
const bank = (page: Page) => page.frameLocator('dialog iframe');

/** Opens the page and waits until one could pay. */
async function atTicket(page: Page, path = '/'): Promise<Page> {
  await page.goto(shop.url + path);
  await page.getByRole('button', { name: /^Pay \$/ }).waitFor();
  return page;
}

async function fillIn(page: Page, { card = '', email = 'ann@example.com' } = {}): Promise<void> {
  await page.getByLabel('Name').fill('Ann Buyer');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Where you like to sit').selectOption('On the aisle');
  if (card !== '') await fields(page).getByLabel('Card number').fill(card);
}

const pay = (page: Page): Promise<void> => page.getByRole('button', { name: /^Pay \$/ }).click();
const seen = (page: Page, heading: string): Promise<void> => page.getByRole('heading', { name: heading }).waitFor();

interface ShownOrder {
  readonly id: string;
  readonly status: string;
  readonly email: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The newest order as the shop's people see it. */
async function newest(): Promise<ShownOrder> {
  const { orders } = (await (await fetch(`${shop.url}/admin/live.json`)).json()) as { orders: ShownOrder[] };
  if (orders[0] === undefined) throw new Error('nobody has bought anything');
  return orders[0];
}

describe.skipIf('missing' in found)('The Lantern', () => {
  beforeAll(async () => {
    [browser, shop] = await Promise.all([launchBrowser(), openExample('tickets')]);
  });
  afterEach(leave);
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  test('T1 T4 T10 T11 T13: from the visit to the ticket, and the confirmation may be opened again and again', async () => {
    const page = await atTicket(await visitor());
    await fillIn(page);
    await pay(page);
    await page.waitForURL(CONFIRMED);
    await seen(page, 'See you at The Lantern');
    const { id, status, email, fields } = await newest();
    expect({ status, email, fields }).toEqual({
      status: 'paid',
      email: 'ann@example.com',
      fields: { name: 'Ann Buyer', seat: 'On the aisle' },
    });
    expect(await page.locator('#number').textContent()).toBe(id);
    await page.reload();
    await seen(page, 'See you at The Lantern');
    expect(await page.locator('#number').textContent()).toBe(id);
    expect((await newest()).id).toBe(id);
  });

  test('T8: a declined card is said in the page, and the next card pays the same order', async () => {
    const page = await atTicket(await visitor());
    await fillIn(page, { card: '4000 0000 0000 0002' });
    await pay(page);
    const trouble = page.getByRole('alert').filter({ hasText: /declined/i });
    await trouble.waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('trouble');
    const before = await newest();
    expect(before.status).toBe('pending');
    await fields(page).getByLabel('Card number').fill('4242 4242 4242 4242');
    await page.getByLabel('E-mail').fill('bo@example.com');
    await pay(page);
    await seen(page, 'See you at The Lantern');
    expect(await newest()).toMatchObject({ id: before.id, status: 'paid', email: 'bo@example.com' });
  });

  test('the bank asks whether it is really Ann: who answers is let through, who says no may try again', async () => {
    const page = await atTicket(await visitor());
    await fillIn(page, { card: '4000 0027 6000 3184' });
    await pay(page);
    await bank(page).getByRole('button', { name: /fail/i }).click();
    await page.locator('#trouble:not(:empty)').waitFor();
    expect(page.url()).not.toContain('confirmation');
    await pay(page);
    await bank(page)
      .getByRole('button', { name: /complete|authorize|approve/i })
      .click();
    await page.waitForURL(CONFIRMED);
    await seen(page, 'See you at The Lantern');
  });

  test('T11: a bank that takes days is told as it is, and when it has said yes the page says so by itself', async () => {
    const page = await atTicket(await visitor());
    await fillIn(page);
    await fields(page).getByLabel('What should happen?').selectOption('later_succeeds');
    await pay(page);
    await page.waitForURL(CONFIRMED);
    await seen(page, 'Your bank is at work');
    expect((await newest()).status).toBe('processing');
    // The sandbox's bank takes three seconds.
    await page.getByRole('heading', { name: 'See you at The Lantern' }).waitFor();
    expect((await newest()).status).toBe('paid');
  });

  test('T7: a session that ended meanwhile is said in the contract’s words over a fresh page, and nothing typed is lost', async () => {
    const page = await visitor();
    const opened = page.waitForResponse((answer) => answer.url().endsWith('/api/screening/'));
    await atTicket(page);
    const session_id = String(await (await opened).json()).split('_secret_')[0] ?? '';
    await fillIn(page);
    await expireAtStripe(session_id);
    await pay(page);
    await page.getByText('Your checkout session has expired. Please refresh the page and try again.').waitFor();
    await page.getByRole('button', { name: /^Pay \$/ }).waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('Ann Buyer');
    expect(await page.getByLabel('E-mail').inputValue()).toBe('ann@example.com');
    await pay(page);
    await seen(page, 'See you at The Lantern');
  });

  test('the last chairs go to who buys them, and everybody else is told before paying', async () => {
    const page = await visitor();
    await page.route('**/api/screening/**', (route) =>
      route.request().url().endsWith('/pending')
        ? route.fulfill({ status: 409, json: { detail: 'Sold out.' } })
        : route.continue(),
    );
    await atTicket(page);
    await fillIn(page);
    await pay(page);
    await page.getByRole('alert').getByText('Sold out.').waitFor();
    const late = await atTicket(await visitor(), `/?screening_id=${LATE}`);
    expect(await late.locator('[aria-current="page"]').textContent()).toContain('around a piano');
    const others = await Promise.all(Array.from({ length: 7 }, () => openSession(LATE)));
    expect(others).toEqual(others.map(() => 200));
    const ninth = await visitor();
    await ninth.goto(`${shop.url}/?screening_id=${LATE}`);
    await ninth.getByText('Sold out. The other evening may still have a seat.').waitFor();
    expect(await ninth.getByRole('button', { name: /Pay/ }).count()).toBe(0);
  });

  test('a shop that is away, or busy, is said plainly, and one key press asks again', async () => {
    const page = await visitor();
    let answers = 0;
    await page.route('**/api/screening/', (route) => {
      answers += 1;
      if (answers === 1) return route.abort();
      if (answers > 2) return route.continue();
      return route.fulfill({ status: 503, json: { detail: 'Payment is temporarily unavailable. Please try again.' } });
    });
    await page.goto(shop.url);
    await page.getByText('The cinema cannot be reached. Nothing was charged.').waitFor();
    await page.getByRole('button', { name: 'Try again' }).press('Enter');
    await page.getByText('Payment is temporarily unavailable. Please try again.').waitFor();
    await page.getByRole('button', { name: 'Try again' }).press('Enter');
    await page.getByRole('button', { name: /^Pay \$18/ }).waitFor();
    expect(await page.locator('#trouble').textContent()).toBe('');
  });

  test('who forgets a field is led to it and told what to do, and nothing is sent', async () => {
    const page = await atTicket(await visitor());
    let sent = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/pending')) sent += 1;
    });
    await pay(page);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('name');
    expect(await page.getByLabel('Name').getAttribute('aria-invalid')).toBe('true');
    await page.getByLabel('Name').fill('Ann');
    await page.getByLabel('E-mail').fill('nobody');
    await pay(page);
    await page.getByText('Please enter an address such as ann@example.com.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('email');
    expect(sent).toBe(0);
  });

  test('a ticket is bought without a mouse', async () => {
    const page = await atTicket(await visitor());
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to your ticket');
    await page.keyboard.press('Enter');
    for (const text of ['Ann Buyer', 'ann@example.com']) {
      await page.keyboard.press('Tab');
      await page.keyboard.type(text);
    }
    for (let presses = 0; presses < 20; presses += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.id === 'pay')) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForURL(CONFIRMED);
    await seen(page, 'See you at The Lantern');
  });

  test('T12 T14: an address of a ticket that nobody has, or has not paid, is said as it is', async () => {
    const page = await visitor();
    await page.goto(`${shop.url}/screening/${SCREENING}/confirmation/cs_test_unknown`);
    await seen(page, 'We know no such ticket');
    const open = await openedAt(SCREENING);
    await page.goto(`${shop.url}/screening/${SCREENING}/confirmation/${open}`);
    await seen(page, 'Not paid yet');
    await page.goto(`${shop.url}/screening/${LATE}/confirmation/${open}`);
    await seen(page, 'We know no such ticket');
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test('every page is free of accessibility findings, and fits a phone of 320 pixels', async () => {
      const page = await visitor({ colorScheme, viewport: { width: 320, height: 640 } });
      await atTicket(page);
      await pay(page);
      // What stands in Stripe's frame is Stripe's; the stand-in has tests of its own.
      await expectClean(page, 'the ticket, with an error', 'iframe');
      await expectFits(page, 'the ticket');
      const paid = await openedAt(SCREENING);
      await page.goto(`${shop.url}/screening/${SCREENING}/confirmation/${paid}`);
      await expectClean(page, 'not paid yet');
      await shop.kassa.stand_in?.sandbox.control.pay(paid, { outcome: 'pays', email: 'ann@example.com' });
      await page.reload();
      await seen(page, 'See you at The Lantern');
      await expectClean(page, 'the confirmation');
      await expectFits(page, 'the confirmation');
      // Each page is examined whole: on a busy machine of two cores this takes longer than other tests may.
    });
  });
});

/** A visit without a browser. Answers the status. */
async function openSession(screening_id: string): Promise<number> {
  return (await fetch(`${shop.url}/api/screening/?screening_id=${screening_id}`, { method: 'POST' })).status;
}

/** A visit without a browser. Answers the session's id. */
async function openedAt(screening_id: string): Promise<string> {
  const answer = await fetch(`${shop.url}/api/screening/?screening_id=${screening_id}`, { method: 'POST' });
  return String(await answer.json()).split('_secret_')[0] ?? '';
}

/** As time would do it, or the shop at Stripe's dashboard. */
async function expireAtStripe(session_id: string): Promise<void> {
  const { sandbox } = shop.kassa.stand_in ?? expect.fail('the example runs on the sandbox');
  const headers = { Authorization: `Bearer ${sandbox.keys.secret}` };
  const address = `http://127.0.0.1/v1/checkout/sessions/${session_id}/expire`;
  expect((await sandbox.fetch(new Request(address, { method: 'POST', headers }))).status).toBe(200);
}
