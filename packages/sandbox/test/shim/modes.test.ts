// Goal: whichever way a shop shows its checkout, a buyer pays, is declined, answers the bank, pays later or walks away,
// and the shop's server reads the same truth each time.
// Method: three ways times six endings in Chromium, the real Stripe packages on the stand-in, stripe-node on the server.
import '../report/kept-fresh.ts';
import type { Browser, BrowserContext, FrameLocator, Page } from 'playwright-core';
import type Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { PATIENCE_MS, takesItsTime } from '../patience.ts';
import { openShop } from './shop.ts';

takesItsTime();

let browser: Browser;
let shop: Awaited<ReturnType<typeof openShop>>;
let context: BrowserContext | undefined;

beforeAll(async () => {
  [browser, shop] = await Promise.all([launchBrowser(), openShop()]);
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
});
afterEach(async () => {
  await context?.close();
});

const ENDINGS = [
  'the buyer pays',
  'the card is declined',
  'the bank asks and is satisfied',
  'the bank asks and refuses',
  'a bank debit is decided later',
  'the buyer walks away',
] as const;
type Ending = (typeof ENDINGS)[number];

/** One way of showing a checkout, as a buyer goes through it. */
interface Way {
  wanted(currency: string): Stripe.Checkout.SessionCreateParams;
  /** Opens the checkout, chooses the ending and presses the button. */
  buy(page: Page, session: Stripe.Checkout.Session, ending: Ending): Promise<void>;
  bank(page: Page): Page | FrameLocator;
}

const session = (currency: string, more: Partial<Stripe.Checkout.SessionCreateParams>) => ({
  mode: 'payment' as const,
  line_items: [{ quantity: 1, price_data: { currency, unit_amount: 10_000, product_data: { name: 'Seat' } } }],
  ...more,
});
const back = (): string => `${shop.url}/back?session={CHECKOUT_SESSION_ID}`;

/** The names of the choices on the page. */
const CHOICES: Record<Ending, string> = {
  'the buyer pays': 'Pays',
  'the card is declined': 'Is declined',
  'the bank asks and is satisfied': 'Needs 3-D Secure',
  'the bank asks and refuses': 'Needs 3-D Secure',
  'a bank debit is decided later': 'Pays later',
  'the buyer walks away': 'Walks away',
};

async function fillPage(place: Page | FrameLocator, ending: Ending): Promise<void> {
  await place.getByLabel('E-mail').fill('ann@example.com');
  await place.getByRole('radio', { name: CHOICES[ending], exact: true }).check();
  await place.locator('#pay-button').click();
}

/** Calls a function of the shop's page. */
const call = (page: Page, name: string, ...args: unknown[]): Promise<unknown> =>
  page.evaluate(
    ([wanted, given]) =>
      (globalThis as unknown as { shop: Record<string, (...a: unknown[]) => unknown> }).shop[wanted as string]?.(
        ...(given as unknown[]),
      ),
    [name, args] as const,
  );

const frame = (page: Page): FrameLocator => page.frameLocator('#place iframe');

const ELEMENT_CHOICES: Record<Exclude<Ending, 'the buyer walks away'>, string> = {
  'the buyer pays': 'pays',
  'the card is declined': 'declined',
  'the bank asks and is satisfied': 'needs_3ds',
  'the bank asks and refuses': 'needs_3ds',
  'a bank debit is decided later': 'later_succeeds',
};

const WAYS: Record<'hosted page' | 'embedded page' | 'elements', Way> = {
  'hosted page': {
    wanted: (currency) => session(currency, { ui_mode: 'hosted_page', success_url: back() }),
    buy: async (page, { url }, ending) => {
      await page.goto(url ?? '');
      await fillPage(page, ending);
    },
    bank: (page) => page,
  },
  'embedded page': {
    wanted: (currency) => session(currency, { ui_mode: 'embedded_page', return_url: back() }),
    buy: async (page, { client_secret }, ending) => {
      await page.goto(shop.page('/plain'));
      await call(page, 'embedded', client_secret, false);
      await fillPage(frame(page), ending);
    },
    bank: frame,
  },
  elements: {
    wanted: (currency) => session(currency, { ui_mode: 'elements', return_url: back() }),
    buy: async (page, { client_secret }, ending) => {
      await page.goto(shop.page('/plain'));
      await call(page, 'checkout', client_secret);
      await frame(page).getByLabel('Card number').waitFor();
      if (ending === 'the buyer walks away') return void (await page.goto('about:blank'));
      await frame(page).getByLabel('What should happen?').selectOption(ELEMENT_CHOICES[ending]);
      // It does not come back when all goes well, since the page moves on.
      call(page, 'confirm', { redirect: 'always' }).catch(() => undefined);
    },
    bank: (page) => page.frameLocator('dialog iframe'),
  },
};

/** How the session and its intent end, as the shop's server reads them. */
const TRUTH: Record<Ending, { session: [string, string]; intent: string | null; returns: boolean }> = {
  'the buyer pays': { session: ['complete', 'paid'], intent: 'succeeded', returns: true },
  'the card is declined': { session: ['open', 'unpaid'], intent: 'requires_payment_method', returns: false },
  'the bank asks and is satisfied': { session: ['complete', 'paid'], intent: 'succeeded', returns: true },
  'the bank asks and refuses': { session: ['open', 'unpaid'], intent: 'requires_payment_method', returns: false },
  'a bank debit is decided later': { session: ['complete', 'unpaid'], intent: 'processing', returns: true },
  'the buyer walks away': { session: ['open', 'unpaid'], intent: null, returns: false },
};

async function stateOf(id: string): Promise<{ session: [string | null, string]; intent: string | null }> {
  const now = await shop.stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent'] });
  const intent = now.payment_intent as Stripe.PaymentIntent | null;
  return { session: [now.status, now.payment_status], intent: intent?.status ?? null };
}

const CASES = Object.keys(WAYS).flatMap((way) => ENDINGS.map((ending) => [way, ending] as const));

test.each(CASES)('%s: %s', async (way, ending) => {
  const { wanted, buy, bank } = WAYS[way as keyof typeof WAYS];
  const { returns, ...truth } = TRUTH[ending];
  context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  // A bank debit in euros is what the types of this checkout offer.
  const opened = await shop.stripe.checkout.sessions.create(
    wanted(ending === 'a bank debit is decided later' ? 'eur' : 'usd'),
  );
  await buy(page, opened, ending);
  const answer = { 'the bank asks and is satisfied': 'Complete', 'the bank asks and refuses': 'Fail' }[
    ending as string
  ];
  if (answer) await bank(page).getByRole('button', { name: answer }).click();
  if (returns) await page.waitForURL(`${shop.url}/back?session=${opened.id}`);
  await expect.poll(() => stateOf(opened.id), { timeout: PATIENCE_MS }).toEqual(truth);
  if (ending === 'a bank debit is decided later') {
    const { payment_intent } = await shop.stripe.checkout.sessions.retrieve(opened.id);
    await shop.sandbox.control.finishAsync(String(payment_intent), 'succeeds');
    expect(await stateOf(opened.id)).toEqual({ session: ['complete', 'paid'], intent: 'succeeded' });
  }
  if (truth.session[0] === 'open') {
    await shop.stripe.checkout.sessions.expire(opened.id);
    expect((await stateOf(opened.id)).session).toEqual(['expired', 'unpaid']);
  }
});
