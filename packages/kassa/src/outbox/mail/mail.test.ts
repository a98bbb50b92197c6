// Goal: a mail says exactly what was stored, in words a person understands, and foreign text in it stays text.
// Method: templates are pure functions, so they are called; hostile strings come from fast-check.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CURRENCY_RULES } from '../../kernel/currencies.ts';
import type { OrderView } from '../order-view.ts';
import { lateRefundMail } from './late-refund.ts';
import { formatMoney } from './money.ts';
import { receiptMail, type Seller } from './receipt.ts';
import { languageFor } from './words.ts';

const seller: Seller = { name: 'Blue Hall', email: 'tickets@bluehall.test', time_zone: 'UTC' };

function orderOf(change: Partial<OrderView> = {}, name = 'Lakers vs Warriors'): OrderView {
  return {
    order_id: '01890a5d-ac96-774b-bcce-b302099a8057',
    number: 1001,
    version: 2,
    mode: 'live',
    status: 'paid',
    contract: 'hosted-checkout',
    email: 'ann@example.com',
    user_id: null,
    locale: null,
    currency: 'usd',
    subtotal_minor: 20_000,
    discount_minor: 0,
    tax_minor: 0,
    credits_minor: 0,
    total_minor: 20_000,
    external_reference: null,
    fields: {},
    metadata: {},
    paid_at: new Date('2026-11-21T06:18:00Z'),
    lines: [
      {
        line_id: '01890a5d-ac96-774b-bcce-b302099a8058',
        product: 'lakers',
        external_id: 'lakers',
        name,
        quantity: 2,
        unit_minor: 10_000,
        discount_minor: 0,
        tax_minor: 0,
        total_minor: 20_000,
        starts_at: new Date('2027-01-16T03:30:00Z'),
        time_zone: 'America/Los_Angeles',
      },
    ],
    ...change,
  };
}

test('a receipt names the order, what was bought, when it starts in its own zone, and what was paid', () => {
  const { subject, text, html } = receiptMail(orderOf(), seller);
  expect(subject).toBe('Blue Hall: your order #1001 is paid');
  expect(text).toMatchInlineSnapshot(`
    "Blue Hall

    Your order is paid

    Thank you for your purchase. Your payment has arrived, and this
    is your receipt.

    Order #1001
    Paid on Saturday, November 21, 2026 at 6:18 AM UTC

    2 × Lakers vs Warriors                                   $200.00
      Friday, January 15, 2027 at 7:30 PM PST

    Total paid                                           $200.00 USD

    Questions? Write to tickets@bluehall.test and name order #1001.
    "
  `);
  for (const part of ['Order #1001', '2 × Lakers vs Warriors', '$200.00 USD', 'lang="en-US"'])
    expect(html).toContain(part);
  expect(html).not.toMatch(/<img|src=|href=|@import|url\(/);
});

test('discount, tax and credits are lines of their own, and the stored total is shown as it is', () => {
  const order = orderOf({ subtotal_minor: 10_000, tax_minor: 875, credits_minor: 2_000, total_minor: 8_875 });
  const { text } = receiptMail(order, seller);
  expect(text).toMatch(/^Subtotal +\$100\.00$/m);
  expect(text).toMatch(/^Tax +\$8\.75$/m);
  expect(text).toMatch(/^Paid with credits +-\$20\.00$/m);
  expect(text).toMatch(/^Total paid +\$88\.75 USD$/m);
});

test('an order for which nothing was due says free, and one in test mode says that no money moved', () => {
  const free = orderOf({ subtotal_minor: 0, total_minor: 0, mode: 'test' });
  const { text, html } = receiptMail(free, seller);
  expect(text).toMatch(/^Total paid +Free$/m);
  for (const body of [text, html]) expect(body).toContain('This is a test: no money has moved.');
  expect(receiptMail(orderOf(), seller).text).not.toContain('no money has moved');
});

test('a buyer whose seats were gone is told so, and what comes back', () => {
  const { subject, text } = lateRefundMail(
    orderOf(),
    { cause: 'too_late', amount_minor: 20_000, currency: 'usd' },
    seller,
  );
  expect(subject).toBe('Blue Hall: your money for order #1001 is on its way back');
  expect(text).toContain('had been sold in');
  expect(text).toContain('We have sent $200.00 USD back');
  expect(text).toContain('2 × Lakers vs Warriors');
  expect(text).not.toMatch(/thank you/i);
});

test('a buyer who paid twice is told that the order stays paid', () => {
  const { text } = lateRefundMail(orderOf(), { cause: 'surplus', amount_minor: 5_000, currency: 'usd' }, seller);
  expect(text.replaceAll('\n', ' ')).toContain('Your order is paid once and stays as it is');
  expect(text).toContain('$50.00 USD');
});

test('amounts keep the digits of the stored amount in every currency, whatever the size', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CURRENCY_RULES.keys()),
      fc.integer({ min: 0, max: 999_999_999_999 }),
      fc.constantFrom('en-US', 'de-DE', 'fr-FR', 'ja-JP', 'en-IN'),
      (currency, steps, locale) => {
        const rule = CURRENCY_RULES.get(currency);
        const minor = steps - (steps % (rule?.step_minor ?? 1));
        const digits = formatMoney(minor, currency, locale).replaceAll(/[^0-9]/g, '');
        const shown =
          rule?.step_minor === 100 ? String(minor / 100) : String(minor).padStart((rule?.exponent ?? 0) + 1, '0');
        expect(digits).toBe(shown);
      },
    ),
    { numRuns: 2000 },
  );
  expect(formatMoney(500_000, 'isk', 'en-US')).toBe('ISK\u00a05,000');
  expect(formatMoney(1500, 'jpy', 'en-US')).toBe('¥1,500');
  expect(formatMoney(12_500, 'kwd', 'en-US')).toBe('KWD\u00a012.500');
  expect(formatMoney(150_000, 'huf', 'en-US')).toBe('HUF\u00a01,500.00');
});

/** What people with bad intentions put into names, mixed with anything at all. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        "' style='position:fixed",
        '</td></tr></table>',
        '&lt;b&gt;',
        '\r\nBcc: everybody@example.com',
        '\nSubject: you won',
        '\u2028',
        '\u202egnp.exe',
        '\u0000',
        '\ud800',
        '<!--',
        ']]>',
        '{{order}}',
        '$&',
        ' ',
        'é✓',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
);

/** The tags of a page with everything between them taken out: foreign text must never change it. */
function skeleton(html: string): string {
  return html.replaceAll(/>[^<]*</g, '><').replace(/lang="[^"]*"/, '');
}

test('hostile names change no tag, no attribute and no line of any mail', () => {
  const plain = { receipt: skeleton(receiptMail(orderOf(), seller).html), refund: '' };
  const refund = { cause: 'too_late', amount_minor: 20_000, currency: 'usd' } as const;
  plain.refund = skeleton(lateRefundMail(orderOf(), refund, seller).html);
  fc.assert(
    fc.property(hostile, hostile, hostile, (name, shop, reference) => {
      const order = orderOf({ number: null, external_reference: reference }, name);
      const foreign = { ...seller, name: shop };
      const receipt = receiptMail(order, foreign);
      const late = lateRefundMail(order, refund, foreign);
      expect(skeleton(receipt.html)).toBe(plain.receipt);
      expect(skeleton(late.html)).toBe(plain.refund);
      for (const mail of [receipt, late]) {
        expect(mail.subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(mail.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      }
    }),
    { numRuns: 1000 },
  );
});

test('a locale that nobody knows gets English words with English numbers', () => {
  expect(languageFor(null).locale).toBe('en-US');
  expect(languageFor('en-GB').locale).toBe('en-GB');
  for (const locale of ['de-DE', 'xx', '', 'not a tag', '../../etc', 'en_US', 'ar']) {
    expect(languageFor(locale)).toMatchObject({ locale: 'en-US' });
  }
});
