import { BUYER, type Hands, SANDBOX_KEY } from './hands.ts';
import { expectStatus, isRecord, type Journey, startJourney, textOf } from './journey.ts';
import { until } from './proof.ts';

const CARD = 'pm_card_visa';
const AMOUNT = 25;

/**
 * Takes a payment as an agent's server does through chat-payments: a customer, an intent, the buyer's own confirmation,
 * the status, a part of the money back and then the rest.
 * @throws Exit 1 at the first step that is not as it should be.
 */
export async function buyInChat(hands: Hands): Promise<void> {
  const { url, world, printer } = hands;
  const journey = startJourney(url, world, printer, { Authorization: `Bearer ${await hands.key()}` });
  const { customer_id } = await journey.step('POST /payments/customer/create', () => customer(journey));
  const made = await journey.step('POST /payments/intent/create', () => intent(journey, customer_id));
  await journey.step(`POST pay with ${CARD}`, () => confirm(hands, made));
  await journey.step('GET  /payments/intent/{id}/status', () =>
    until(world, 'the payment has not become known', async () => {
      const answer = await journey.get(`/payments/intent/${made.id}/status`);
      expectStatus(answer, 200);
      const { status, amount } = recordOf(answer.body.payment_intent);
      if (amount !== AMOUNT) throw new Error(`it reads ${String(amount)}, not ${AMOUNT}`);
      return status === 'succeeded' ? { status: answer.status, detail: `succeeded, ${AMOUNT}` } : undefined;
    }),
  );
  for (const amount of [10, undefined]) {
    const name = amount === undefined ? 'POST /payments/refund (the rest)' : `POST /payments/refund (${amount})`;
    await journey.step(name, async () => {
      const body = { payment_intent_id: made.id, ...(amount === undefined ? {} : { amount }) };
      const answer = await journey.post('/payments/refund', body);
      expectStatus(answer, 200);
      const refund = recordOf(answer.body.refund);
      if (refund.amount !== (amount ?? AMOUNT - 10)) throw new Error(`${String(refund.amount)} went back`);
      return { status: answer.status, detail: `${String(refund.amount)} back, ${String(refund.status)}` };
    });
  }
  await journey.step('POST /payments/refund (once more)', async () => {
    const answer = await journey.post('/payments/refund', { payment_intent_id: made.id, amount: 1 });
    expectStatus(answer, 409);
    return { status: answer.status, detail: textOf(answer.body, 'code') };
  });
  const words = ` ok  payment ${made.id} taken and returned by chat-payments`;
  printer.say(words, { what: 'summary', ok: true, payment: made.id });
}

async function customer(journey: Journey) {
  const answer = await journey.post('/payments/customer/create', BUYER);
  expectStatus(answer, 200);
  const customer_id = textOf(recordOf(answer.body.customer), 'id');
  return { customer_id, status: answer.status, detail: `${customer_id.slice(0, 12)}…` };
}

async function intent(journey: Journey, customer_id: string) {
  const metadata = { order_id: 'TRY1' };
  const answer = await journey.post('/payments/intent/create', {
    amount: AMOUNT,
    currency: 'usd',
    metadata,
    customer_id,
  });
  expectStatus(answer, 200);
  const found = recordOf(answer.body.payment_intent);
  const [id, client_secret] = [textOf(found, 'id'), textOf(found, 'client_secret')];
  return { id, client_secret, status: answer.status, detail: `${String(found.amount)} usd, ${id.slice(0, 12)}…` };
}

async function confirm({ world, sandbox_url }: Hands, made: { readonly id: string; readonly client_secret: string }) {
  const form = new URLSearchParams({
    client_secret: made.client_secret,
    payment_method: CARD,
    return_url: 'http://127.0.0.1/paid',
  });
  const address = new URL(`/v1/payment_intents/${made.id}/confirm`, sandbox_url);
  const headers = { Authorization: `Bearer ${SANDBOX_KEY}` };
  const answer = await world.http(new Request(address, { method: 'POST', headers, body: form }));
  const body: unknown = await answer.json();
  const word = isRecord(body) ? String(body.status) : 'nothing';
  if (answer.status !== 200 || word !== 'succeeded') throw new Error(`Stripe answered ${answer.status}, ${word}`);
  return { status: answer.status, detail: 'the bank said yes' };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new Error('the answer lacks an object');
  return value;
}
