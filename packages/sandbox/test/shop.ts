// A sandbox as a test wants it: in memory, strict about every reply, with a clock that stands still until it is told.
import Stripe from 'stripe';
import { onTestFinished } from 'vitest';
import { createSandbox, type Sandbox, type SandboxOptions, type VirtualClock, virtualClock } from '../src/index.ts';

export const NOW_MS = Date.UTC(2026, 10, 21, 12);
export const SECRET = 'whsec_test_receiver';

export interface Received {
  event: Stripe.Event;
  body: string;
  signature: string;
}

export interface Shop {
  sandbox: Sandbox;
  stripe: Stripe;
  clock: VirtualClock;
  /** Every webhook that arrived, verified by the official client. */
  received: Received[];
  types(): string[];
  /** What the receiver answers; 200 unless a test changes it. */
  answer: { status: number };
}

/** Opens a sandbox whose webhooks arrive here. Closed by itself when the test ends. */
export function openShop(options: SandboxOptions = {}): Shop {
  const clock = virtualClock(NOW_MS);
  const received: Received[] = [];
  const answer = { status: 200 };
  const sandbox = createSandbox({
    strict: true,
    clock,
    webhooks: [{ url: 'http://shop.test/webhook', secret: SECRET }],
    deliver: async (request) => {
      const body = await request.text();
      const signature = request.headers.get('stripe-signature') ?? '';
      const event = Stripe.webhooks.constructEvent(body, signature, SECRET, 300, undefined, clock.now());
      received.push({ event, body, signature });
      return new Response('ok', { status: answer.status });
    },
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const stripe = sandbox.stripe(Stripe);
  return { sandbox, stripe, clock, received, answer, types: () => received.map(({ event }) => event.type) };
}

export interface Refused {
  status: number | undefined;
  type: string;
  code: string | undefined;
  param: string | undefined;
  decline_code: string | undefined;
  message: string;
  raw: Stripe.errors.StripeError;
}

/** The error that a call ends in. @throws Error when it succeeds */
export async function refusal(call: Promise<unknown>): Promise<Refused> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    const { statusCode, type, code, param, message } = error;
    return {
      status: statusCode,
      type,
      code,
      param: param || undefined,
      message,
      decline_code: error.decline_code || undefined,
      raw: error,
    };
  }
  throw new Error('the call succeeded');
}

export function ticket(unit_amount = 2500, currency = 'usd'): Stripe.Checkout.SessionCreateParams.LineItem {
  return { price_data: { currency, unit_amount, product_data: { name: 'Ticket' } }, quantity: 1 };
}

export function hosted(more: Partial<Stripe.Checkout.SessionCreateParams> = {}): Stripe.Checkout.SessionCreateParams {
  return {
    mode: 'payment',
    success_url: 'https://shop.test/thanks?s={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://shop.test/',
    line_items: [ticket()],
    ...more,
  };
}

/** A paid payment intent, straight from the server. */
export function charged(
  stripe: Stripe,
  payment_method = 'pm_card_visa',
  more: Partial<Stripe.PaymentIntentCreateParams> = {},
): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.create({
    amount: 2500,
    currency: 'usd',
    confirm: true,
    payment_method,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    ...more,
  });
}

export function idOf(reference: string | { id: string } | null | undefined): string {
  if (reference === null || reference === undefined) throw new Error('there is no reference');
  return typeof reference === 'string' ? reference : reference.id;
}
