import type { World } from '../../app.ts';
import { Exit, type Printer } from '../printer.ts';
import { goTo, openPage, payOn } from './hosted-page.ts';
import { expectStatus, type Journey, rowsOf, startJourney, textOf } from './journey.ts';
import { heard, receipt } from './proof.ts';

export interface Visit {
  readonly url: string;
  /** Where the sandbox's pages are, when it is not the address that the shop names. */
  readonly sandbox_url: string | null;
  readonly world: World;
  readonly printer: Printer;
}

const QUANTITY = 2;
const BUYER = { email: 'ann@example.com', name: 'Ann' };
const CARD = { card_number: '4242 4242 4242 4242', card_expiry: '12 / 34', card_cvc: '123' };

interface OnSale {
  readonly offer: string;
  readonly name: string;
  readonly unit: string;
  readonly currency: string;
  readonly left: number | null;
}

/**
 * Buys as a browser does: the catalogue, a checkout, the hosted page with a test card, the way back, and then the
 * proof: the order was paid because of a signed webhook, once, with one receipt, and the stock has gone down.
 * @throws Exit 1 at the first step that is not as it should be, 3 when the shop does not take play money.
 */
export async function buyOnce({ url, sandbox_url, world, printer }: Visit): Promise<void> {
  const journey = startJourney(url, world, printer);
  await journey.step('GET  /readyz', () => ready(journey));
  const { offer } = await journey.step('GET  /pay/catalog', () => choose(journey));
  const opened = await journey.step(`POST /api/payments/v1/checkout/session`, () => open(journey, offer, url));
  const { session_id } = opened;
  const { order_id } = await journey.step('GET  /pay/orders/{session}', () => held(journey, session_id));
  const address = sandbox_url === null ? opened.url : opened.url.replace(new URL(opened.url).origin, sandbox_url);
  const { page } = await journey.step('GET  the payment page', async () => {
    const page = await openPage(world.http, address);
    return { page, status: page.status, detail: page.url.host };
  });
  const { next } = await journey.step('POST pay with 4242 4242 4242 4242', async () => {
    const paid = await payOn(world.http, page, { ...BUYER, ...CARD });
    if (paid.status !== 303 || !paid.next) throw new Error(`the payment page answered ${paid.status}, not a way on`);
    return { next: paid.next, status: paid.status, detail: 'the bank said yes' };
  });
  const number = await journey.step('  ←  webhook checkout.session.completed', () => heard(journey, order_id, world));
  await journey.step('GET  back to the shop', async () => {
    const back = await goTo(world.http, new URL(next.pathname.replace(/\/after$/, '/return'), next));
    if (!back.next?.href.includes(session_id)) throw new Error('the way back does not name the session');
    return { status: back.status, detail: `${back.next.pathname}?session_id=…` };
  });
  await journey.step('GET  /api/payments/v1/checkout/status/{session}', () => paid(journey, session_id));
  await journey.step('GET  /admin/inbox.json', () => receipt(journey, order_id, { world, email: BUYER.email }));
  const { left } = await journey.step('GET  /pay/catalog', () => fewer(journey, offer));
  const sold = left === null ? '' : ` · ${left} left`;
  const summary = { what: 'summary', ok: true, order: order_id, number: number.number, left };
  printer.say(` ok  order #${number.number} paid once · receipt sent once${sold}`, summary);
}

export async function ready(journey: Journey) {
  const answer = await journey.get('/readyz');
  expectStatus(answer, 200);
  const { mode } = answer.body;
  if (mode !== 'sandbox')
    throw new Exit(3, `The shop is in ${String(mode)} mode and kassa try pays with play money only.`);
  return { status: answer.status, detail: 'sandbox mode' };
}

async function choose(journey: Journey) {
  const offers = (await onSale(journey)).filter(({ left }) => left === null || left >= QUANTITY);
  // Something that can run out shows more than something that cannot.
  const offer = offers.find(({ left }) => left !== null) ?? offers[0];
  if (!offer) throw new Error(`nothing with a fixed price is on sale, or fewer than ${QUANTITY} are left`);
  const stock = offer.left === null ? '' : `, ${offer.left} left`;
  return { offer, status: 200, detail: `${offer.offer} ${offer.unit} ${offer.currency}${stock}` };
}

async function onSale(journey: Journey): Promise<OnSale[]> {
  const answer = await journey.get('/pay/catalog');
  expectStatus(answer, 200);
  return rowsOf(answer.body, 'offers').flatMap((row) => {
    const price = rowsOf(row, 'prices')[0];
    if (!price || typeof price.unit !== 'string') return [];
    const left = typeof row.left === 'number' ? row.left : null;
    return [
      {
        offer: textOf(row, 'offer'),
        name: textOf(row, 'name'),
        unit: price.unit,
        currency: textOf(price, 'currency'),
        left,
      },
    ];
  });
}

async function open(journey: Journey, offer: OnSale, url: string) {
  const answer = await journey.post('/api/payments/v1/checkout/session', {
    offer: offer.offer,
    quantity: QUANTITY,
    success_url: new URL('/pay?session_id={CHECKOUT_SESSION_ID}', url).href.replace('%7B', '{').replace('%7D', '}'),
    cancel_url: new URL('/pay', url).href,
    metadata: { source: 'kassa_try', payment_type: 'price' },
  });
  expectStatus(answer, 200);
  const session_id = textOf(answer.body, 'session_id');
  const detail = `${QUANTITY} × ${offer.offer}, ${session_id.slice(0, 16)}…`;
  return { session_id, url: textOf(answer.body, 'url'), status: answer.status, detail };
}

async function held(journey: Journey, session_id: string) {
  const answer = await journey.get(`/pay/orders/${session_id}`);
  expectStatus(answer, 200);
  const { body } = answer;
  if (body.status !== 'pending') throw new Error(`the order is ${String(body.status)} before anybody paid`);
  const order_id = textOf(body, 'order_id');
  const until = new Date(textOf(body, 'hold_expires_at')).toISOString().slice(11, 16);
  return {
    order_id,
    status: answer.status,
    detail: `${textOf(body, 'total')} ${textOf(body, 'currency')}, held until ${until} UTC`,
  };
}

async function paid(journey: Journey, session_id: string) {
  const answer = await journey.get(`/api/payments/v1/checkout/status/${session_id}`);
  expectStatus(answer, 200);
  const { status, payment_status } = answer.body;
  if (status !== 'complete' || payment_status !== 'paid')
    throw new Error(`it reads ${String(status)}, ${String(payment_status)}`);
  return { status: answer.status, detail: 'complete, paid' };
}

async function fewer(journey: Journey, before: OnSale) {
  const now = (await onSale(journey)).find(({ offer }) => offer === before.offer);
  if (!now) throw new Error(`${before.offer} is no longer in the catalogue`);
  if (before.left !== null && now.left !== null && now.left > before.left - QUANTITY) {
    throw new Error(`${now.left} are left after ${QUANTITY} of ${before.left} were sold`);
  }
  return { left: now.left, status: 200, detail: now.left === null ? 'no limit' : `${before.left} → ${now.left} left` };
}
