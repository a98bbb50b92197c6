// Goal: a mail can be read by everybody: in light and dark, on a phone, by a screen reader, and with images off.
// Method: the real templates in a real Chromium, checked by axe; a mail that is wider than a phone fails.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from 'vitest';
import { findBrowser, launchBrowser } from '../../../sandbox/test/browser.ts';
import { lateRefundMail } from '../../src/outbox/mail/late-refund.ts';
import { receiptMail } from '../../src/outbox/mail/receipt.ts';
import type { OrderView } from '../../src/outbox/order-view.ts';

const SELLER = { name: 'Blue Hall', email: 'tickets@bluehall.test', time_zone: 'UTC' };
const LINE = {
  line_id: '01890a5d-ac96-774b-bcce-b302099a8058',
  product: 'lakers',
  external_id: 'lakers',
  name: 'Lakers vs Warriors, the long awaited return match of the season',
  quantity: 2,
  unit_minor: 10_000,
  discount_minor: 0,
  tax_minor: 0,
  total_minor: 20_000,
  starts_at: new Date('2027-01-16T03:30:00Z'),
  time_zone: 'America/Los_Angeles',
};
const ORDER: OrderView = {
  order_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  number: 1001,
  version: 2,
  mode: 'test',
  status: 'paid',
  contract: 'hosted-checkout',
  email: 'ann@example.com',
  user_id: null,
  locale: null,
  currency: 'usd',
  subtotal_minor: 20_000,
  discount_minor: 1_000,
  tax_minor: 1_750,
  credits_minor: 0,
  total_minor: 20_750,
  external_reference: null,
  fields: {},
  metadata: {},
  paid_at: new Date('2026-11-21T06:18:00Z'),
  lines: [LINE],
};

/**
 * Axe takes a page without a background for white, so it cannot see a grey that is lost in the dark: every text must
 * have the reader's own colour, and at least 70 % of it.
 */
const FIXED_COLOURS = `
  [...document.body.querySelectorAll('*')].flatMap((element) => {
    const own = getComputedStyle(document.documentElement).color;
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const { color } = getComputedStyle(element);
    return color === own && opacity >= 0.7 ? [] : [element.outerHTML.slice(0, 80) + ' ' + color + ' ' + opacity];
  })`;

const found = await findBrowser();

test.skipIf('missing' in found)(
  'each mail is readable in light and dark, on a phone, and by a screen reader',
  async () => {
    const browser = await launchBrowser();
    try {
      const refund = { cause: 'too_late', amount_minor: 20_750, currency: 'usd' } as const;
      for (const { html } of [receiptMail(ORDER, SELLER), lateRefundMail(ORDER, refund, SELLER)]) {
        for (const colorScheme of ['light', 'dark'] as const) {
          const context = await browser.newContext({ colorScheme, viewport: { width: 320, height: 640 } });
          const page = await context.newPage();
          await page.setContent(html);
          const { violations } = await new AxeBuilder({ page }).analyze();
          // A mail stands in the page of a mail program, which brings the landmarks.
          const own = violations.filter(({ id }) => id !== 'region' && id !== 'landmark-one-main');
          expect(own.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
          expect(await page.evaluate(FIXED_COLOURS)).toEqual([]);
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
          await context.close();
        }
      }
    } finally {
      await browser.close();
    }
  },
  120_000,
);
