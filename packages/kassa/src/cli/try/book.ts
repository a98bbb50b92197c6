import type { World } from '../../app.ts';
import type { OfferSettings } from '../../config.ts';
import type { Printer } from '../printer.ts';
import { type Answered, expectStatus, isRecord, type Journey, rowsOf, startJourney, textOf } from './journey.ts';

const BASE = '/stripe/fastapi/api/v1/stripe';
/** Stripe's name for a test card that pays (docs.stripe.com/testing). */
const CARD = 'pm_card_visa';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type CheckoutType = 'single_session' | 'bundle' | 'package';

export interface BookingVisit {
  readonly url: string;
  readonly token: string;
  readonly checkout_type: CheckoutType;
  /** What is bought: an offer of the kind that the type sells. */
  readonly offer: OfferSettings;
  /** Where Stripe's own browser library would pay, and with which publishable key. */
  readonly stripe: { readonly origin: string; readonly publishable_key: string };
  readonly world: World;
  readonly printer: Printer;
}

/**
 * Buys once through the contract booking-checkout as a page and Stripe.js do: price, create, pay with a test card,
 * confirm, status, and what must follow: the booking confirmed, or the credits granted.
 * @throws Exit 1 at the first step that is not as it should be.
 */
export async function bookOnce(visit: BookingVisit): Promise<void> {
  const { url, token, offer, checkout_type, world, printer } = visit;
  const journey = startJourney(url, world, printer, { Authorization: `Bearer ${token}` });
  const before = await journey.step('GET  credits/balance', () => credits(journey));
  const { body } = await journey.step('POST checkout/calculate-price', () => price(journey, visit));
  const opened = await journey.step('POST checkout/create', () => create(journey, body));
  const { order_id, payment_intent_id, client_secret, total_cents } = opened;
  if (payment_intent_id !== null) {
    await journey.step(`POST pay with ${CARD}`, () => pay(visit, payment_intent_id, String(client_secret)));
  }
  await journey.step('POST payment/confirm', () => confirm(journey, { order_id, payment_intent_id }));
  await journey.step('POST checkout/status', () => status(journey, order_id, { offer, total_cents }));
  await journey.step('GET  payment-methods', async () => {
    const answer = await journey.get(`${BASE}/payment-methods`);
    expectStatus(answer, 200);
    return { status: answer.status, detail: `${rowsOf(answer.body, 'payment_methods').length} saved` };
  });
  await journey.step('GET  credits/balance', () => grantedBy(journey, offer, before));
  const summary = { what: 'summary', ok: true, order: order_id, checkout_type };
  printer.say(` ok  order ${order_id} paid once by ${checkout_type}`, summary);
}

async function credits(journey: Journey) {
  const answer = await journey.get(`${BASE}/credits/balance`);
  expectStatus(answer, 200);
  const balance_cents = numberOf(answer.body, 'balance_cents');
  const sessions = rowsOf(answer.body, 'session_credits').reduce((sum, row) => sum + numberOf(row, 'remaining'), 0);
  return { balance_cents, sessions, status: answer.status, detail: `${balance_cents} cents, ${sessions} sessions` };
}

/** Asks for the price; a time that is taken is asked for again where the shop says that one is free. */
async function price(journey: Journey, { world, offer, checkout_type }: BookingVisit) {
  const tomorrow_ms = Math.ceil((world.clock.now().getTime() + DAY_MS) / HOUR_MS) * HOUR_MS;
  let body = bodyFor(offer, checkout_type, new Date(tomorrow_ms));
  let answer = await journey.post(`${BASE}/checkout/calculate-price`, body);
  if (answer.body.code === 'SLOT_TAKEN') {
    const free = isRecord(answer.body.details) ? answer.body.details.next_free : undefined;
    if (!Array.isArray(free) || typeof free[0] !== 'string') throw new Error('the time is taken and no other is named');
    body = bodyFor(offer, checkout_type, new Date(free[0]));
    answer = await journey.post(`${BASE}/checkout/calculate-price`, body);
  }
  expectStatus(answer, 200);
  const total = `${numberOf(answer.body, 'total_cents')} ${textOf(answer.body, 'currency')}`;
  return { body, status: answer.status, detail: `${offer.name}, ${total}` };
}

function bodyFor(offer: OfferSettings, checkout_type: CheckoutType, starts_at: Date): object {
  const [practitioner_id] = offer.practitioners;
  const ends_at = new Date(starts_at.getTime() + (offer.duration_ms ?? 0));
  const times = { start_time: starts_at.toISOString(), end_time: ends_at.toISOString() };
  const who = practitioner_id === undefined ? {} : { practitioner_id };
  const item = { service_id: offer.external_id, ...who, quantity: 1 };
  return { checkout_type, items: [checkout_type === 'single_session' ? { ...item, ...times } : item] };
}

async function create(journey: Journey, body: object) {
  const answer = await journey.post(`${BASE}/checkout/create`, body);
  expectStatus(answer, 200);
  const { payment_intent_id, client_secret, requires_payment } = answer.body;
  const total_cents = numberOf(answer.body, 'total_cents');
  const sums =
    numberOf(answer.body, 'subtotal_cents') +
    numberOf(answer.body, 'tax_cents') -
    numberOf(answer.body, 'credits_applied_cents');
  if (sums !== total_cents) throw new Error(`subtotal, tax and credits make ${sums}, not ${total_cents}`);
  if (requires_payment !== total_cents > 0)
    throw new Error('it does not say rightly whether there is something to pay');
  const opened = typeof payment_intent_id === 'string' ? payment_intent_id : null;
  if (requires_payment === true && opened === null) throw new Error('there is something to pay, but no payment intent');
  const order_id = textOf(answer.body, 'order_id');
  const detail = `${total_cents} cents due${opened === null ? '' : `, ${opened.slice(0, 12)}…`}`;
  return { order_id, payment_intent_id: opened, client_secret, total_cents, status: answer.status, detail };
}

/** What Stripe.js sends: the publishable key, the client secret and the card. */
async function pay({ stripe, world }: BookingVisit, payment_intent_id: string, client_secret: string) {
  const form = new URLSearchParams({ client_secret, payment_method: CARD, return_url: 'http://127.0.0.1/paid' });
  const address = new URL(`/v1/payment_intents/${payment_intent_id}/confirm`, stripe.origin);
  const headers = { Authorization: `Bearer ${stripe.publishable_key}` };
  const answer = await world.http(new Request(address, { method: 'POST', headers, body: form }));
  const body: unknown = await answer.json();
  const word = isRecord(body) ? String(body.status) : 'nothing';
  if (answer.status !== 200 || word !== 'succeeded') throw new Error(`Stripe answered ${answer.status}, ${word}`);
  return { status: answer.status, detail: 'the bank said yes' };
}

async function confirm(journey: Journey, names: { order_id: string; payment_intent_id: string | null }) {
  const { order_id, payment_intent_id } = names;
  const body = payment_intent_id === null ? { order_id } : { order_id, payment_intent_id };
  const answer = await journey.post(`${BASE}/payment/confirm`, body);
  expectWord(answer, 'status', 'paid');
  return { status: answer.status, detail: 'paid' };
}

async function status(
  journey: Journey,
  order_id: string,
  { offer, total_cents }: { readonly offer: OfferSettings; readonly total_cents: number },
) {
  const answer = await journey.post(`${BASE}/checkout/status`, { order_id });
  expectWord(answer, 'status', 'complete');
  expectWord(answer, 'payment_status', total_cents === 0 ? 'no_payment_required' : 'paid');
  const bookings = rowsOf(answer.body, 'bookings');
  const confirmed = bookings.filter((booking) => booking.status === 'confirmed');
  if (offer.kind === 'appointment' && confirmed.length !== 1) {
    throw new Error(`${confirmed.length} of ${bookings.length} bookings are confirmed, not the one that was paid`);
  }
  return { status: answer.status, detail: `complete, ${confirmed.length} booked` };
}

async function grantedBy(
  journey: Journey,
  offer: OfferSettings,
  before: { readonly balance_cents: number; readonly sessions: number },
) {
  const now = await credits(journey);
  for (const { currency, amount } of offer.grants) {
    const grown = currency === null ? now.sessions - before.sessions : now.balance_cents - before.balance_cents;
    if (grown !== amount) throw new Error(`the bundle grants ${amount}, and the credits grew by ${grown}`);
  }
  return now;
}

function expectWord(answer: Answered, name: string, wanted: string): void {
  expectStatus(answer, 200);
  const word = answer.body[name];
  if (word !== wanted) throw new Error(`${name} is ${String(word)}, not ${wanted}`);
}

/** @throws Error when the answer has no whole number of that name. */
function numberOf(body: Readonly<Record<string, unknown>>, name: string): number {
  const value = body[name];
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Error(`the answer has no whole number ${name}`);
  return value;
}
