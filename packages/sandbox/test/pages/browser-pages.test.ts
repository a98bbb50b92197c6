// Goal: the pages work for a person: with and without script, by keyboard, in light and dark, on a narrow phone.
// Method: the renderers behind a tiny server, a real Chromium with web security on, axe on every page.
import '../report/kept-fresh.ts';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPaymentForm, renderPanel, renderPaymentPage } from '../../src/pages/index.ts';
import { launchBrowser } from '../browser.ts';
import { PATIENCE_MS, takesItsTime } from '../patience.ts';
import { fullPage, panel } from './fixtures.ts';
import { type Answer, type Asked, servePages } from './serve.ts';
import { showcase } from './showcase.ts';

takesItsTime();

let browser: Browser;
let site: Awaited<ReturnType<typeof servePages>>;

beforeAll(async () => {
  browser = await launchBrowser();
  site = await servePages(answer);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** Counts up from here; the shop has answered when it passes two. Far below zero means: it does not answer yet. */
let polls = -1000;
let promotion = false;

function answer({ method, path, query, form }: Asked): Answer {
  if (path.startsWith('/show/')) return { page: showcase[path.slice('/show/'.length)] ?? '' };
  if (path === '/c/pay/cs_test_a1/after' && query.has('poll')) {
    polls += 1;
    return { json: { ready: polls > 2, redirect_url: null, seconds_left: Math.min(10, 10 - polls) } };
  }
  if (path === '/c/pay/cs_test_a1/update') {
    const read = readPaymentForm(form);
    if (read.intent === 'apply_promotion' && read.typed.promotion_code !== 'FRIENDS') {
      return {
        status: 422,
        page: renderPaymentPage({ ...open(), typed: read.typed, errors: { promotion_code: 'Check the code.' } }),
      };
    }
    promotion = read.intent !== 'remove_promotion';
    return { page: renderPaymentPage({ ...open(), typed: read.typed }) };
  }
  if (path === '/c/pay/cs_test_a1/confirm') return { page: '<h1>sent</h1>' };
  if (path === '/c/pay/cs_test_a1/return') return { page: '<h1>back at the shop</h1>' };
  if (path === '/c/pay/cs_test_a1') return { page: renderPaymentPage(open()) };
  if (path === '/_sandbox/panel') {
    return { page: renderPanel({ ...panel, faults: [], notice: { kind: 'done', text: `did ${form.get('action')}` } }) };
  }
  return method === 'GET' && path === '/_sandbox'
    ? { page: renderPanel({ ...panel, notice: null }) }
    : { status: 404, page: 'none' };
}

const open = () =>
  promotion
    ? fullPage
    : { ...fullPage, promotion: null, order: { ...fullPage.order, discounts: [], total_minor: 11_375 } };

async function visit(path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(site.url + path);
  return page;
}

test.each(Object.keys(showcase))(
  'axe finds nothing to complain about on the page "%s", light or dark',
  async (name) => {
    const page = await visit(`/show/${name}`, { colorScheme: 'light', reducedMotion: 'reduce' });
    const light = await new AxeBuilder({ page }).analyze();
    // Only the colours change in the dark.
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await new AxeBuilder({ page }).withRules(['color-contrast']).analyze();
    const found = [...light.violations, ...dark.violations];
    expect(found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
    await page.context().close();
  },
);

test('no page scrolls sideways on a screen of 320 pixels', async () => {
  const page = await visit('/show/plain', { viewport: { width: 320, height: 640 } });
  for (const name of Object.keys(showcase)) {
    await page.goto(`${site.url}/show/${name}`);
    expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(320);
  }
  await page.context().close();
});

test('choosing an ending fills in its card, typing another card hands the decision to the card', async () => {
  const page = await visit('/show/plain');
  const number = page.getByLabel('Card number');
  expect(await number.inputValue()).toBe('4242 4242 4242 4242');
  await page.getByRole('radio', { name: 'Is declined' }).check();
  expect(await number.inputValue()).toBe('4000 0000 0000 0002');
  await page.getByLabel('Reason of the decline').selectOption('lost_card');
  expect(await number.inputValue()).toBe('4000 0000 0000 9987');
  await page.getByRole('radio', { name: 'Needs 3-D Secure' }).check();
  expect(await number.inputValue()).toBe('4000 0025 0000 3155');
  await page.getByRole('radio', { name: 'Pays later' }).check();
  expect(await number.isVisible()).toBe(false);
  await page.getByRole('radio', { name: 'Walks away' }).check();
  expect(await page.locator('#pay-button').textContent()).toContain('Leave without paying');
  await page.getByRole('radio', { name: 'Pays', exact: true }).check();
  await number.fill('');
  await number.pressSequentially('378282246310005');
  expect(await number.inputValue()).toBe('3782 822463 10005');
  expect(await page.getByRole('radio', { name: 'Whatever the card does' }).isChecked()).toBe(true);
  expect(await page.locator('#card-brand').textContent()).toBe('American Express');
  await page.context().close();
});

test('a number that is no test card is wiped in the browser and never sent', async () => {
  const page = await visit('/c/pay/cs_test_a1');
  const before = site.asked.length;
  await page.getByLabel('Card number').fill('4111 1111 1111 1111');
  await page.getByRole('button', { name: /^Pay \$/ }).click();
  expect(await page.getByLabel('Card number').inputValue()).toBe('');
  expect(await page.locator('#f-card_number-error').textContent()).toContain('Only test cards work here');
  expect(await page.evaluate('document.activeElement.id')).toBe('f-card_number');
  expect(JSON.stringify(site.asked.slice(before).map(({ form }) => [...form]))).not.toContain('4111');
  expect(site.asked.slice(before)).toEqual([]);
  await page.context().close();
});

test('a promotion code is tried without losing what was typed, and card digits stay behind', async () => {
  promotion = false;
  const page = await visit('/c/pay/cs_test_a1');
  await page.getByLabel('E-mail').fill('ann@example.com');
  const code = page.getByLabel('Promotion code');
  await code.fill('NOPE');
  await code.press('Enter');
  await page.locator('#f-promotion_code-error:not([hidden])').waitFor();
  expect(await page.evaluate('document.activeElement.id')).toBe('f-promotion_code');
  await page.getByLabel('Promotion code').fill('FRIENDS');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByRole('button', { name: 'Remove' }).waitFor();
  expect(await page.locator('#pay-button').textContent()).toContain('Pay $93.75');
  expect(await page.locator('#said').textContent()).toBe('Code applied. The total is now $93.75.');
  expect(await page.getByLabel('E-mail').inputValue()).toBe('ann@example.com');
  const updates = site.asked.filter((each) => each.path.endsWith('/update'));
  expect(updates).toHaveLength(2);
  expect(updates.every(({ form }) => !form.has('card_number') && !form.has('card_cvc'))).toBe(true);
  await page.getByRole('radio', { name: 'Pick up at the box office' }).check();
  await expect.poll(() => site.asked.at(-1)?.form.get('intent')).toBe('shipping');
  await page.context().close();
});

test('by keyboard alone: the Enter key in the e-mail field pays, once, with the total that was shown', async () => {
  const page = await visit('/c/pay/cs_test_a1');
  await page.getByLabel('E-mail').fill('ann@example.com');
  await page.getByLabel('E-mail').press('Enter');
  await page.getByRole('heading', { name: 'sent' }).waitFor();
  const sent = site.asked.filter((each) => each.path.endsWith('/confirm')).at(-1);
  expect(sent && readPaymentForm(sent.form)).toMatchObject({
    intent: 'pay',
    token: 'page-token',
    expected_minor: 9375,
    instrument: { by: 'outcome', outcome: 'pays' },
    typed: { email: 'ann@example.com', shipping_rate: 'shr_1' },
  });
  await page.context().close();
});

test('without script the same form pays, with every choice', async () => {
  const page = await visit('/show/plain', { javaScriptEnabled: false });
  await page.getByLabel('E-mail').fill('ann@example.com');
  await page.getByRole('radio', { name: 'Is declined' }).check();
  await page.getByLabel('Reason of the decline').selectOption('incorrect_cvc');
  await page.getByRole('button', { name: /^Pay \$/ }).click();
  await page.getByRole('heading', { name: 'sent' }).waitFor();
  const sent = site.asked.at(-1);
  expect(sent && readPaymentForm(sent.form).instrument).toMatchObject({
    by: 'outcome',
    outcome: 'declined',
    decline_code: 'incorrect_cvc',
  });
  await page.context().close();
});

test('a refused form takes the reader to the summary, and from there to the field', async () => {
  const page = await visit('/show/problems');
  await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('problems');
  await page.getByRole('link', { name: 'Choose a size.' }).click();
  expect(await page.evaluate('document.activeElement.id')).toBe('f-custom_fields-size');
  const described = await page.getByLabel('Shirt size').getAttribute('aria-describedby');
  expect(await page.locator(`#${described}`).textContent()).toBe('Choose a size.');
  await page.context().close();
});

test('after paying the page returns to the shop as soon as the shop has answered', async () => {
  polls = 0;
  const page = await visit('/show/after');
  await page.getByRole('heading', { name: 'back at the shop' }).waitFor();
  expect(polls).toBe(3);
  await page.context().close();
});

test('without script the page after paying offers the way back', async () => {
  const page = await visit('/show/after', { javaScriptEnabled: false });
  await page.getByRole('link', { name: 'Skip, go back now' }).click();
  await page.getByRole('heading', { name: 'back at the shop' }).waitFor();
  await page.context().close();
});

test('a button of the panel acts in place and keeps the opened log open and the focus where it was', async () => {
  const page = await visit('/_sandbox');
  await page.getByText('2 attempts').click();
  await page.getByRole('button', { name: '+1 day' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('did advance').waitFor();
  expect(site.asked.at(-1)?.form.get('ms')).toBe('86400000');
  expect(await page.locator('#log-evt_2').getAttribute('open')).not.toBeNull();
  expect(await page.evaluate('document.activeElement.id')).toBe('press-advance-86400000');
  expect(await page.getByText('Nothing is armed.').isVisible()).toBe(true);
  await page.context().close();
});

test('what a person types into the panel stays there while the rest is drawn anew', async () => {
  const page = await visit('/_sandbox');
  await page.getByText('Choose the call').click();
  await page.getByLabel('Path or template').fill('/v1/refunds');
  await page.getByLabel('Keep this state as').fill('paid');
  await page.getByRole('button', { name: '+1 hour' }).click();
  await page.getByText('did advance').waitFor();
  expect(await page.getByLabel('Path or template').inputValue()).toBe('/v1/refunds');
  expect(await page.getByLabel('Keep this state as').inputValue()).toBe('paid');
  await page.locator('#choose-call').getByRole('button', { name: 'Arm' }).click();
  await page.getByText('did arm_call').waitFor();
  expect(site.asked.at(-1)?.form.get('call_path')).toBe('/v1/refunds');
  await page.context().close();
});

test('who asks for less motion sees no highlight run', async () => {
  const calm = await visit('/show/plain', { reducedMotion: 'reduce' });
  await calm.getByRole('radio', { name: 'Is declined' }).check();
  expect(await calm.evaluate('getComputedStyle(document.querySelector("#f-card_number")).animationName')).toBe('none');
  await calm.context().close();
});
