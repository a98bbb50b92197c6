// Goal: what the pages print is exact, safe and complete, in every currency and with hostile text.
// Method: the renderers are pure, so strings are enough here; the browser tests stand beside this file.
import { expect, test } from 'vitest';
import { browserFiles } from '../../scripts/build-browser.ts';
import {
  contentSecurityPolicy,
  moneyText,
  readPaymentForm,
  renderPaymentPage,
  renderSessionEnd,
} from '../../src/pages/index.ts';
import { decimalOf } from '../../src/pages/markup/money.ts';
import { cardFor } from '../../src/pages/outcomes.ts';
import { frame, fullPage, plainPage } from './fixtures.ts';
import { showcase } from './showcase.ts';

test.each([
  [1999, 'usd', '$19.99'],
  [1500, 'jpy', '¥1,500'],
  [5000, 'krw', '₩5,000'],
  [1230, 'kwd', 'KWD 1.230'],
  [50_000, 'isk', 'ISK 500'],
  [50_000, 'ugx', 'UGX 500'],
  [17_500, 'huf', 'HUF 175.00'],
  [100_000, 'twd', 'NT$1,000.00'],
  [7, 'usd', '$0.07'],
  [-2000, 'usd', '-$20.00'],
  [0, 'bhd', 'BHD 0.000'],
  [999_999_999_999_99, 'usd', '$999,999,999,999.99'],
])('%i minor units of %s are read as %s', (amount, currency, text) => {
  expect(moneyText(amount, currency, 'en-US').replaceAll('\u00a0', ' ')).toBe(text);
});

test('an amount goes to the screen without a float in between', () => {
  expect(decimalOf(Number.MAX_SAFE_INTEGER, 'usd')).toBe('90071992547409.91');
  expect(() => decimalOf(19.99, 'usd')).toThrow('minor units');
});

test('no text of a shop or a buyer becomes markup', () => {
  const hostile = `"><script>alert(1)</script><b onload='x'>&`;
  const page = renderPaymentPage({
    ...fullPage,
    seller: { name: hostile, url: null },
    promotion: { code: hostile, removable: true },
    typed: { ...fullPage.typed, email: hostile, name: hostile },
    errors: { email: hostile },
    notice: hostile,
    order: {
      ...fullPage.order,
      lines: fullPage.order.lines.map((line) => ({ ...line, name: hostile, description: hostile })),
    },
  });
  expect(page).not.toContain('<script>alert');
  expect(page).not.toContain("<b onload='x'>");
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
});

test('an address that would run script is never linked', () => {
  for (const url of ['javascript:alert(1)', 'data:text/html,x', '//elsewhere.example', 'not an address']) {
    const page = renderSessionEnd({
      frame,
      session_id: 'cs_test_a1',
      end: 'expired',
      payment_status: 'unpaid',
      seller: { name: 'Blue Hall', url },
      again_url: url,
    });
    expect(page).not.toContain('href="javascript');
    expect(page).not.toContain('To Blue Hall');
  }
});

test('every page says that it is a sandbox, names nobody else in its title and needs nothing from elsewhere', () => {
  for (const [name, page] of Object.entries(showcase)) {
    expect(page, name).toContain('<strong>SANDBOX: no money moves.</strong> Unofficial, not affiliated with Stripe.');
    expect(/<title>(.*)<\/title>/.exec(page)?.[1], name).not.toMatch(/stripe/i);
    expect(page, name).not.toMatch(/\sstyle=|<style|\son[a-z]+=|<img|@import/);
    expect(
      [...page.matchAll(/(?:src|href)="(https?:[^"]*)"/g)].map((each) => each[1]),
      name,
    ).toSatisfy((urls: string[]) => urls.every((url) => url.startsWith('http://localhost:4242/')));
  }
});

test('the policy lets nothing in but our own script and stylesheet, whatever the return address says', () => {
  const policy = contentSecurityPolicy({
    nonce: 'n1',
    embeddable: false,
    formTargets: ['http://localhost:4242/x; script-src *'],
  });
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("form-action 'self' http://localhost:4242;");
  expect(policy.match(/script-src/g)).toHaveLength(1);
  expect(policy).toContain("frame-ancestors 'none'");
});

const form = (fields: Record<string, string>) => readPaymentForm(new URLSearchParams(fields));

test('a filled-in card leaves the decision to the pick-list, a typed card takes it', () => {
  const filled = { card_for: 'pays', card_number: '4242 4242 4242 4242', card_expiry: '12 / 34', card_cvc: '123' };
  expect(form({ ...filled, outcome: 'pays' }).instrument).toMatchObject({ by: 'outcome', outcome: 'pays' });
  // Without script the choice moves on while the card of the first choice stays in the form.
  expect(form({ ...filled, outcome: 'declined', decline_code: 'lost_card' }).instrument).toMatchObject({
    by: 'outcome',
    outcome: 'declined',
    decline_code: 'lost_card',
  });
  expect(form({ ...filled, outcome: 'pays', card_number: '4000 0000 0000 0002' }).instrument).toMatchObject({
    by: 'card',
    number: '4000000000000002',
  });
  expect(form({ ...filled, outcome: 'pays', card_expiry: '01 / 20' }).instrument).toMatchObject({
    by: 'card',
    number: '4242424242424242',
    expiry: '01/20',
  });
  expect(form({ outcome: 'needs_3ds' }).instrument).toMatchObject({ by: 'outcome', outcome: 'needs_3ds' });
  expect(form({ ...filled, outcome: 'abandons', card_number: '1' }).instrument).toMatchObject({
    by: 'outcome',
    outcome: 'abandons',
  });
  expect(form({ outcome: 'card', card_number: '' }).instrument).toMatchObject({ by: 'card', number: '' });
});

test('a form with unknown choices, odd names and long text is read without surprise', () => {
  const odd = form({
    outcome: 'steals',
    intent: 'x',
    email: 'a'.repeat(9999),
    'quantities[li_1]': '3',
    'quantities[__proto__]': '9',
    'custom_fields[a b]': '1',
  });
  expect(odd.typed.outcome).toBe('pays');
  expect(odd.intent).toBe('pay');
  expect(odd.typed.email).toHaveLength(512);
  expect(odd.quantities.li_1).toBe('3');
  expect(({} as Record<string, unknown>).li_1).toBeUndefined();
  expect(Object.keys(odd.custom_fields)).toEqual([]);
  expect(form({ expected_minor: '20000' }).expected_minor).toBe(20_000);
  expect(form({ expected_minor: '1e3' }).expected_minor).toBeNull();
});

test('card digits that were typed are in nothing that a form gives back', () => {
  const read = form({
    outcome: 'card',
    card_number: '4111 1111 1111 1111',
    card_expiry: '11/31',
    card_cvc: '987',
    email: 'ann@example.com',
  });
  const page = renderPaymentPage({
    ...plainPage,
    typed: read.typed,
    errors: { card_number: 'Only test cards work here.' },
  });
  expect(JSON.stringify({ ...read, instrument: null })).not.toMatch(/4111|1111|11\/31|987/);
  expect(page).not.toMatch(/4111 ?1111|value="11|value="987"/);
  expect(page).toContain('value="ann@example.com"');
});

test('each ending fills in the card that leads there', () => {
  expect(cardFor('declined', 'expired_card')).toBe('4000000000000069');
  const page = renderPaymentPage({ ...plainPage, typed: { ...plainPage.typed, outcome: 'needs_3ds' } });
  expect(page).toContain('value="4000 0025 0000 3155"');
});

test('the generated stylesheet and scripts are what their sources make today', async () => {
  const { readFile } = await import('node:fs/promises');
  for (const { path, content } of await browserFiles()) expect(await readFile(path, 'utf8'), path).toBe(content);
});
