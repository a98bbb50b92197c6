import { BUYER, type Hands } from './hands.ts';
import { type Answered, expectStatus, type Journey, startJourney, textOf } from './journey.ts';
import { heard, receipt } from './proof.ts';

const EMBED = '/api/checkout/embedded-session';

/**
 * Buys a ticket as the page of ticket-order does: a visit, the details, the payment, the way back and the confirmation.
 * @throws Exit 1 at the first step that is not as it should be.
 */
export async function buyTicket(hands: Hands): Promise<void> {
  const { url, world, printer, settings } = hands;
  const mount = settings.contracts.ticket_order?.mount ?? '/api/screening';
  const journey = startJourney(url, world, printer);
  const { session_id } = await journey.step(`POST ${mount}/`, () => opened(journey, `${mount}/`));
  const { order_id } = await journey.step(`POST ${mount}/pending`, async () => {
    const body = { stripe_checkout_session_id: session_id, email: BUYER.email, name: BUYER.name };
    const answer = await journey.post(`${mount}/pending`, body);
    expectStatus(answer, 200);
    return { order_id: bareText(answer), status: answer.status, detail: 'who buys is stored' };
  });
  await journey.step('POST pay in the page', () => paid(hands, session_id));
  const { number } = await journey.step('  ←  webhook checkout.session.completed', () =>
    heard(journey, order_id, world),
  );
  const { screening } = await journey.step(`GET  ${mount}/complete`, async () => {
    const answer = await journey.get(`${mount}/complete?session_id=${session_id}`);
    expectStatus(answer, 307);
    const [, screening] = /\/screening\/([^/]+)\/confirmation\//.exec(answer.location ?? '') ?? [];
    if (screening === undefined) throw new Error(`it leads to ${answer.location}, no confirmation`);
    return { screening, status: answer.status, detail: 'to the confirmation' };
  });
  await journey.step(`GET  ${mount}/confirmation`, async () => {
    const query = `stripe_checkout_session_id=${session_id}&screening_id=${screening}`;
    const answer = await journey.get(`${mount}/confirmation?${query}`);
    expectStatus(answer, 200);
    if (bareText(answer) !== order_id) throw new Error(`it confirms ${bareText(answer)}, not ${order_id}`);
    return { status: answer.status, detail: order_id };
  });
  await journey.step('GET  /admin/inbox.json', () => receipt(journey, order_id, { world, email: BUYER.email }));
  printer.say(` ok  order #${number} paid once by ticket-order`, {
    what: 'summary',
    ok: true,
    order: order_id,
    number,
  });
}

/**
 * Buys as the page of embedded-checkout does: a form, the payment, the status without leaving.
 * @throws Exit 1 at the first step that is not as it should be.
 */
export async function buyEmbedded(hands: Hands): Promise<void> {
  const { url, world, printer } = hands;
  const journey = startJourney(url, world, printer);
  const { session_id } = await journey.step(`POST ${EMBED}`, () => opened(journey, EMBED));
  const { order_id } = await journey.step('GET  /pay/orders/{session}', () => orderOf(journey, session_id));
  await journey.step('POST pay in the page', () => paid(hands, session_id));
  const { number } = await journey.step('  ←  webhook checkout.session.completed', () =>
    heard(journey, order_id, world),
  );
  await journey.step('GET  /api/checkout/session-status', async () => {
    const answer = await journey.get(`/api/checkout/session-status?session_id=${session_id}`);
    expectStatus(answer, 200);
    if (answer.body.status !== 'complete') throw new Error(`it reads ${String(answer.body.status)}`);
    return { status: answer.status, detail: 'complete' };
  });
  await journey.step('GET  /admin/inbox.json', () => receipt(journey, order_id, { world, email: BUYER.email }));
  printer.say(` ok  order #${number} paid once by embedded-checkout`, {
    what: 'summary',
    ok: true,
    order: order_id,
    number,
  });
}

/** The session in a client secret, which is all that these contracts hand out. */
async function opened(journey: Journey, path: string) {
  const answer = await journey.post(path, {});
  expectStatus(answer, 200);
  const secret = typeof answer.value === 'string' ? answer.value : textOf(answer.body, 'client_secret');
  const [session_id = '', hidden] = secret.split('_secret_');
  if (hidden === undefined) throw new Error('the answer is no client secret');
  return { session_id, status: answer.status, detail: `${session_id.slice(0, 16)}…` };
}

async function paid(hands: Hands, session_id: string) {
  await hands.payForm(session_id);
  return { status: 200, detail: 'the bank said yes' };
}

/** What a session buys, by our own path. */
export async function orderOf(journey: Journey, session_id: string) {
  const answer = await journey.get(`/pay/orders/${session_id}`);
  expectStatus(answer, 200);
  const { body } = answer;
  const detail = `${textOf(body, 'total')} ${textOf(body, 'currency')}, ${textOf(body, 'status')}`;
  return { order_id: textOf(body, 'order_id'), status: answer.status, detail };
}

function bareText({ value }: Answered): string {
  if (typeof value !== 'string') throw new Error('the answer is no bare text');
  return value;
}
