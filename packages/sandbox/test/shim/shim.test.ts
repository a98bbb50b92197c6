// Goal: a shop's page written for Stripe.js works on the sandbox without a change and without the internet.
// Method: the real @stripe/stripe-js and @stripe/react-stripe-js in Chromium, a shop and a sandbox on two origins, the
// official stripe-node on the server side. Any request that leaves this computer fails the test.
import '../report/kept-fresh.ts';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SHIM_JS } from '../../src/shim/generated/stripe-js.ts';
import { launchBrowser } from '../browser.ts';
import { PATIENCE_MS, takesItsTime } from '../patience.ts';
import { bundle, openShop } from './shop.ts';

takesItsTime();

let browser: Browser;
let shop: Awaited<ReturnType<typeof openShop>>;
let context: BrowserContext | undefined;
let strangers: string[] = [];

beforeAll(async () => {
  [browser, shop] = await Promise.all([launchBrowser(), openShop()]);
});
afterAll(async () => {
  await browser?.close();
  await shop?.close();
});
afterEach(async () => {
  await context?.close();
  expect(strangers).toEqual([]);
});

async function visit(address: string): Promise<Page> {
  context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  strangers = [];
  await context.route('**/*', (route) => {
    const { hostname, protocol } = new URL(route.request().url());
    if (['localhost', '127.0.0.1'].includes(hostname) || protocol === 'data:') return route.continue();
    strangers.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

/** Calls a function of the shop's page. */
const call = (page: Page, name: string, ...args: unknown[]): Promise<never> =>
  page.evaluate(
    ([wanted, given]) =>
      (globalThis as unknown as { shop: Record<string, (...a: unknown[]) => unknown> }).shop[wanted as string]?.(
        ...(given as unknown[]),
      ),
    [name, args] as const,
  ) as Promise<never>;

/** Starts a call and lets the person act meanwhile. */
const begin = (page: Page, name: string, ...args: unknown[]): Promise<Record<string, never>> => {
  const running = call(page, name, ...args) as Promise<Record<string, never>>;
  running.catch(() => undefined);
  return running;
};

const element = (page: Page) => page.frameLocator('#place iframe');
const bank = (page: Page) => page.frameLocator('dialog iframe');
const intent = () => shop.stripe.paymentIntents.create({ amount: 20_000, currency: 'usd' });

function session(ui_mode: 'elements' | 'embedded_page', more: Record<string, unknown> = {}) {
  return shop.stripe.checkout.sessions.create({
    mode: 'payment',
    ui_mode,
    line_items: [
      {
        quantity: 2,
        price_data: { currency: 'usd', unit_amount: 10_000, product_data: { name: 'Lakers vs Warriors' } },
        adjustable_quantity: { enabled: true, minimum: 1, maximum: 8 },
      },
    ],
    return_url: `${shop.url}/back?session={CHECKOUT_SESSION_ID}`,
    ...more,
  });
}

test('pitfall 32: loadStripe takes the stand-in, adds no script to the page and asks nobody elsewhere', async () => {
  const page = await visit(shop.page('/plain'));
  const scripts = (await call(page, 'scripts')) as string[];
  expect(scripts).toEqual([`${shop.sandboxUrl}/sandbox/stripe.js`, `${shop.url}/plain.js`]);
  expect(await page.evaluate('window.__KASSA_SANDBOX_STRIPE_JS__')).toBe(true);
});

test('the stand-in refuses every key that is not a sandbox key, and says what is gone or not served', async () => {
  const page = await visit(shop.page('/plain'));
  const refused = (key: string) =>
    page.evaluate(`(() => { try { Stripe('${key}'); } catch (error) { return error.message; } })()`);
  for (const key of ['pk_live_51abc', 'pk_test_51abc', '']) expect(await refused(key)).toContain('pk_test_sandbox_');
  expect(await call(page, 'wrong', 'initCheckout')).toContain('initCheckoutElementsSdk');
  expect(await call(page, 'wrong', 'initEmbeddedCheckout')).toContain('createEmbeddedCheckoutPage');
  expect(await call(page, 'wrong', 'confirmKlarnaPayment')).toContain('not in the sandbox');
  expect(await call(page, 'wrong', 'elements', { paymentMethodTypes: ['card'] })).toContain(
    'allowedPaymentMethodTypes',
  );
});

test('a payment element pays, and the shop never sees a digit', async () => {
  const { id, client_secret } = await intent();
  const page = await visit(shop.page('/plain'));
  await call(page, 'payment', client_secret);
  expect(await element(page).getByLabel('Card number').inputValue()).toBe('4242 4242 4242 4242');
  const result = (await call(page, 'confirm', 'if_required')) as { paymentIntent: { status: string } };
  expect(result.paymentIntent.status).toBe('succeeded');
  expect((await shop.stripe.paymentIntents.retrieve(id)).status).toBe('succeeded');
  expect(await page.evaluate('window.heard')).toContain(true);
  expect(await page.content()).not.toContain('4242');
});

test('with redirect always the page moves on to the return address', async () => {
  const { id, client_secret } = await intent();
  const page = await visit(shop.page('/plain'));
  await call(page, 'payment', client_secret);
  await begin(page, 'confirm', 'always').catch(() => undefined);
  await page.waitForURL(/\/back/);
  const query = new URL(page.url()).searchParams;
  expect([query.get('payment_intent'), query.get('redirect_status')]).toEqual([id, 'succeeded']);
});

test('a decline is told with its reason, and another card then pays', async () => {
  const { client_secret } = await intent();
  const page = await visit(shop.page('/plain'));
  await call(page, 'payment', client_secret);
  await element(page).getByLabel('What should happen?').selectOption('insufficient_funds');
  const first = (await call(page, 'confirm', 'if_required')) as { error: { code: string; decline_code: string } };
  expect([first.error.code, first.error.decline_code]).toEqual(['card_declined', 'insufficient_funds']);
  await element(page).getByLabel('Card number').fill('5555 5555 5555 4444');
  await element(page).getByLabel('Expires').fill('12 / 34');
  const second = (await call(page, 'confirm', 'if_required')) as { paymentIntent: { status: string } };
  expect(second.paymentIntent.status).toBe('succeeded');
});

test.each([
  ['Complete', 'succeeded'],
  ['Fail', 'requires_payment_method'],
  ['Leave it open', 'requires_action'],
])('3-D Secure in a modal: "%s" leaves the payment %s', async (button, status) => {
  const { id, client_secret } = await intent();
  const page = await visit(shop.page('/plain'));
  await call(page, 'payment', client_secret);
  await element(page).getByLabel('What should happen?').selectOption('needs_3ds');
  const running = begin(page, 'confirm', 'if_required');
  await bank(page).getByRole('button', { name: button }).click();
  const result = (await running) as { error?: { code: string }; paymentIntent?: { status: string } };
  expect((await shop.stripe.paymentIntents.retrieve(id)).status).toBe(status);
  if (button === 'Fail') expect(result.error?.code).toBe('payment_intent_authentication_failure');
  else expect(result.paymentIntent?.status).toBe(status);
});

test('a bank debit is accepted now and decided later', async () => {
  const { id, client_secret } = await shop.stripe.paymentIntents.create({ amount: 20_000, currency: 'eur' });
  const page = await visit(shop.page('/plain'));
  await call(page, 'payment', client_secret);
  await element(page).getByLabel('What should happen?').selectOption('later_succeeds');
  const result = (await call(page, 'confirm', 'if_required')) as { paymentIntent: { status: string } };
  expect(result.paymentIntent.status).toBe('processing');
  expect((await shop.stripe.paymentIntents.retrieve(id)).status).toBe('processing');
});

test('a number that is no test card is refused in the frame', async () => {
  const { client_secret } = await intent();
  const page = await visit(shop.page('/plain'));
  await call(page, 'payment', client_secret);
  const posts: string[] = [];
  page.on('request', (request) => posts.push(`${request.url()} ${request.postData() ?? ''}`));
  await element(page).getByLabel('Card number').fill('4111 1111 1111 1111');
  const result = (await call(page, 'confirm', 'if_required')) as { error: { code: string } };
  expect(result.error.code).toBe('incorrect_number');
  expect(posts.join()).not.toMatch(/4111/);
  expect(await element(page).getByRole('alert').textContent()).toContain('Only test cards work here');
});

test('confirmCardPayment with a card element, as older pages do it', async () => {
  const { client_secret } = await intent();
  const page = await visit(shop.page('/plain'));
  await call(page, 'card', client_secret);
  await element(page).getByLabel('Card number').fill('378282246310005');
  await element(page).getByLabel('Expires').fill('1234');
  await element(page).getByLabel('Security code').fill('123');
  const short = (await call(page, 'confirm')) as { error: { code: string } };
  expect(short.error.code).toBe('incomplete_cvc');
  await element(page).getByLabel('Security code').fill('1234');
  expect(await call(page, 'token')).toMatchObject({ token: { id: 'tok_amex', card: { last4: '0005' } } });
  expect(await call(page, 'method')).toMatchObject({ paymentMethod: { card: { brand: 'amex' }, type: 'card' } });
  expect(await call(page, 'confirm')).toMatchObject({ paymentIntent: { status: 'succeeded' } });
});

test('confirmCardPayment with a token in place of an element', async () => {
  const { id, client_secret } = await intent();
  const page = await visit(shop.page('/plain'));
  await call(page, 'wrong', 'confirmCardPayment', client_secret, {
    payment_method: { card: { token: 'tok_visa' }, billing_details: { name: 'Ann' } },
  });
  const paid = await shop.stripe.paymentIntents.retrieve(id, { expand: ['payment_method'] });
  expect([paid.status, (paid.payment_method as Stripe.PaymentMethod).billing_details.name]).toEqual([
    'succeeded',
    'Ann',
  ]);
});

test('confirmSetup saves a card, and handleNextAction finishes what the server confirmed', async () => {
  const setup = await shop.stripe.setupIntents.create({});
  const page = await visit(shop.page('/plain'));
  await call(page, 'setup', setup.client_secret);
  expect(await call(page, 'confirm')).toMatchObject({ setupIntent: { status: 'succeeded' } });
  const confirmed = await shop.stripe.paymentIntents.create({
    amount: 5000,
    currency: 'usd',
    payment_method: 'pm_card_authenticationRequired',
    confirm: true,
    use_stripe_sdk: true,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  expect(confirmed.status).toBe('requires_action');
  const running = begin(page, 'next', confirmed.client_secret);
  await bank(page).getByRole('button', { name: 'Complete' }).click();
  expect(await running).toMatchObject({ paymentIntent: { status: 'succeeded' } });
});

test('checkout elements: code, quantity and payment change one session', async () => {
  const coupon = await shop.stripe.coupons.create({ percent_off: 20, duration: 'once' });
  await shop.stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'FRIENDS' });
  const { id, client_secret } = await session('elements', { allow_promotion_codes: true });
  const page = await visit(shop.page('/plain'));
  const opened = (await call(page, 'checkout', client_secret)) as Record<string, unknown>;
  expect(opened).toMatchObject({ id, currency: 'usd', minorUnitsAmountDivisor: 100, email: 'ann@example.com' });
  expect(opened.total).toMatchObject({ total: { minorUnitsAmount: 20_000, amount: '$200.00' } });
  expect(await call(page, 'applyPromotionCode', 'NOPE')).toMatchObject({
    type: 'error',
    error: { code: 'invalidCode' },
  });
  expect(await call(page, 'applyPromotionCode', 'friends')).toMatchObject({
    type: 'success',
    session: {
      total: { total: { amount: '$160.00' } },
      discountAmounts: [{ promotionCode: 'FRIENDS', percentOff: 20 }],
    },
  });
  const [line] = (opened as unknown as { lineItems: { id: string }[] }).lineItems;
  expect(await call(page, 'updateLineItemQuantity', { lineItem: line?.id, quantity: 3 })).toMatchObject({
    session: { total: { total: { amount: '$240.00' } } },
  });
  expect(await call(page, 'updateLineItemQuantity', { lineItem: line?.id, quantity: 99 })).toMatchObject({
    type: 'error',
  });
  expect(await call(page, 'updateEmail', 'ann@')).toMatchObject({ error: { code: 'incompleteEmail' } });
  await element(page).getByLabel('Card number').waitFor();
  expect(await call(page, 'confirm', { redirect: 'if_required' })).toMatchObject({
    type: 'success',
    session: { status: { type: 'complete', paymentStatus: 'paid' } },
  });
  const paid = await shop.stripe.checkout.sessions.retrieve(id);
  expect([paid.status, paid.amount_total, paid.customer_details?.email]).toEqual([
    'complete',
    24_000,
    'ann@example.com',
  ]);
});

test('checkout elements: a decline keeps the session open, 3-D Secure then pays it', async () => {
  const { id, client_secret } = await session('elements');
  const page = await visit(shop.page('/plain'));
  await call(page, 'checkout', client_secret);
  await element(page).getByLabel('What should happen?').selectOption('declined');
  expect(await call(page, 'confirm', { redirect: 'if_required' })).toMatchObject({
    error: { code: 'paymentFailed', paymentFailed: { declineCode: 'generic_decline' } },
  });
  expect((await shop.stripe.checkout.sessions.retrieve(id)).status).toBe('open');
  await element(page).getByLabel('What should happen?').selectOption('needs_3ds');
  const running = begin(page, 'confirm', { redirect: 'always' });
  await bank(page).getByRole('button', { name: 'Complete' }).click();
  await page.waitForURL(`${shop.url}/back?session=${id}`);
  await running.catch(() => undefined);
  expect((await shop.stripe.checkout.sessions.retrieve(id)).payment_status).toBe('paid');
});

test('somebody else’s client secret opens nothing', async () => {
  const { id } = await session('elements');
  const page = await visit(shop.page('/plain'));
  await expect(call(page, 'checkout', `${id}_secret_guessed`)).rejects.toThrow('does not belong');
});

test('React: the checkout provider, its payment element and its hook work in StrictMode', async () => {
  const { id, client_secret } = await session('elements', { allow_promotion_codes: true });
  const page = await visit(shop.page('/react', { secret: String(client_secret) }));
  const pay = page.getByRole('button', { name: 'Pay' });
  await page.getByText('$200.00').waitFor();
  expect(await pay.isDisabled()).toBe(true);
  await page.getByLabel('E-mail').fill('ann@example.com');
  await page.getByRole('button', { name: 'Three' }).click();
  await page.getByText('$300.00').waitFor();
  await page.frameLocator('iframe').getByLabel('Card number').waitFor();
  await pay.click();
  await page.getByText('status complete').waitFor();
  expect((await shop.stripe.checkout.sessions.retrieve(id)).amount_total).toBe(30_000);
});

test.each(['payment', 'card'])('React: the %s element inside Elements pays a payment intent', async (kind) => {
  const { id, client_secret } = await intent();
  const page = await visit(shop.page('/react', { page: kind, secret: String(client_secret) }));
  const inside = page.frameLocator('iframe');
  await inside.getByLabel('Card number').fill('4242424242424242');
  await inside.getByLabel('Expires').fill('1234');
  await inside.getByLabel('Security code').fill('123');
  await page.getByRole('button', { name: 'Pay' }).click();
  await page.getByText('status succeeded').waitFor();
  expect((await shop.stripe.paymentIntents.retrieve(id)).status).toBe('succeeded');
});

test('React: the embedded page pays and the shop’s page goes to the return address', async () => {
  const { id, client_secret } = await session('embedded_page');
  const page = await visit(shop.page('/react', { page: 'embedded', secret: String(client_secret) }));
  const inside = page.frameLocator('iframe');
  await inside.getByLabel('E-mail').fill('ann@example.com');
  await inside.getByRole('button', { name: 'Pay $200.00' }).click();
  await page.waitForURL(`${shop.url}/back?session=${id}`);
  expect((await shop.stripe.checkout.sessions.retrieve(id)).payment_status).toBe('paid');
});

test('the embedded page can stay: it tells the shop that it is complete, and there is only one at a time', async () => {
  const { client_secret } = await session('embedded_page', { redirect_on_completion: 'never', return_url: undefined });
  const page = await visit(shop.page('/plain'));
  await call(page, 'embedded', client_secret, true);
  expect(await call(page, 'wrong', 'createEmbeddedCheckoutPage', { clientSecret: client_secret })).toContain(
    'more than one',
  );
  await element(page).getByLabel('E-mail').fill('ann@example.com');
  await element(page).getByRole('radio', { name: 'Is declined' }).check();
  await element(page).getByRole('button', { name: 'Pay $200.00' }).click();
  await element(page).getByRole('heading', { name: 'The payment did not go through' }).waitFor();
  await element(page).getByRole('radio', { name: 'Pays', exact: true }).check();
  await element(page).getByRole('button', { name: 'Pay $200.00' }).click();
  await expect.poll(() => page.evaluate('window.heard')).toContain('complete');
  await call(page, 'destroy');
  expect(await page.locator('iframe').count()).toBe(0);
});

test('an address element starts with what is known and tells when it is complete', async () => {
  const page = await visit(shop.page('/plain'));
  await call(page, 'address');
  await element(page).getByLabel('Street and number').fill('Main street 1');
  await element(page).getByLabel('Postal code').fill('89073');
  await expect.poll(() => page.evaluate('window.heard.at(-1)?.complete')).toBe(true);
  const address = {
    line1: 'Main street 1',
    line2: null,
    city: 'Ulm',
    state: null,
    postal_code: '89073',
    country: 'DE',
  };
  expect(await call(page, 'value')).toMatchObject({ complete: true, value: { name: 'Ann', address } });
  const options = await element(page).getByLabel('Country').locator('option').allTextContents();
  expect(options).toEqual(['Choose…', 'Germany', 'United States']);
});

test('the pretend wallet asks the shop first and then confirms', async () => {
  const page = await visit(shop.page('/plain'));
  await call(page, 'wallet');
  await element(page).getByRole('button', { name: 'Pay with the pretend wallet' }).click();
  await expect.poll(() => page.evaluate('window.heard')).toEqual(['link']);
});

test('with if_required a card pays without leaving the shop’s page', async () => {
  const { id, client_secret } = await session('embedded_page', { redirect_on_completion: 'if_required' });
  const page = await visit(shop.page('/plain'));
  await call(page, 'embedded', client_secret, true);
  await element(page).getByLabel('E-mail').fill('ann@example.com');
  await element(page).getByRole('button', { name: 'Pay $200.00' }).click();
  await expect.poll(() => page.evaluate('window.heard')).toContain('complete');
  expect((await shop.stripe.checkout.sessions.retrieve(id)).payment_status).toBe('paid');
  expect(new URL(page.url()).pathname).toBe('/plain');
});

test('3-D Secure inside the embedded page comes back to it and then to the shop', async () => {
  const { id, client_secret } = await session('embedded_page');
  const page = await visit(shop.page('/plain'));
  await call(page, 'embedded', client_secret, false);
  await element(page).getByLabel('E-mail').fill('ann@example.com');
  await element(page).getByRole('radio', { name: 'Needs 3-D Secure' }).check();
  await element(page).getByRole('button', { name: 'Pay $200.00' }).click();
  await element(page).getByRole('button', { name: 'Complete' }).click();
  await page.waitForURL(`${shop.url}/back?session=${id}`);
});

test('the embedded page is as high as its content and tells the shop when its lines change', async () => {
  const { client_secret } = await session('embedded_page');
  const page = await visit(shop.page('/plain'));
  await call(page, 'embedded', client_secret, false);
  await element(page).getByLabel('Quantity of Lakers vs Warriors').fill('3');
  await element(page).getByLabel('Quantity of Lakers vs Warriors').press('Tab');
  await element(page).getByRole('button', { name: 'Pay $300.00' }).waitFor();
  const inner = await element(page)
    .locator('body')
    .evaluate((body) => body.getBoundingClientRect().height);
  await expect
    .poll(async () => (await page.locator('iframe').boundingBox())?.height)
    .toBeGreaterThanOrEqual(Math.floor(inner));
  expect(await page.evaluate('window.heard')).toContainEqual(expect.objectContaining({ quantity: 3 }));
});

test.each(['payment', 'card', 'address', 'linkAuthentication', 'expressCheckout'])(
  'axe finds nothing to complain about in the %s element',
  async (kind) => {
    const page = await visit(`${shop.sandboxUrl}/_client/frame?kind=${kind}&mode=shipping`);
    const { violations } = await new AxeBuilder({ page }).disableRules(['page-has-heading-one']).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
  },
);

test('a bundle for production holds nothing of the stand-in', async () => {
  for (const entry of ['plain-app.ts', 'react-app.ts']) {
    const code = await bundle(entry, true);
    expect(code).toContain('js.stripe.com');
    expect(code).not.toMatch(/__KASSA_SANDBOX_STRIPE_JS__|pk_test_sandbox_|\/sandbox\//);
  }
  // The same look must find it where it is.
  expect(SHIM_JS).toMatch(/__KASSA_SANDBOX_STRIPE_JS__/);
});

test('a page that is not on this computer gets nothing', async () => {
  const { client_secret } = await intent();
  const address = `${shop.sandboxUrl}/_client/v1/payment_intents/${client_secret?.split('_secret_')[0]}`;
  const query = new URLSearchParams({ key: shop.sandbox.keys.publishable, client_secret: String(client_secret) });
  const from = (origin: string) => fetch(`${address}?${query}`, { headers: { origin } });
  const near = await from('https://localhost');
  expect([near.status, near.headers.get('access-control-allow-origin')]).toEqual([200, 'https://localhost']);
  for (const origin of ['https://elsewhere.example', 'http://localhost.elsewhere.example', 'null']) {
    const far = await from(origin);
    expect([far.status, far.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  }
  const secret = new URLSearchParams({ key: shop.sandbox.keys.secret, client_secret: String(client_secret) });
  // A secret key counts in the header alone, which no foreign page can send.
  expect((await fetch(`${shop.sandboxUrl}/_client/sessions/cs_test_x?${secret}`)).status).toBe(401);
});
