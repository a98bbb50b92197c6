import type { PaymentDesk } from '../setup/payments.ts';

interface Told {
  api_version: string;
  livemode: boolean;
  data: { object: Record<string, unknown> };
}

const SECRET = 'whsec_counter';

/** A webhook that says something else and is signed by Stripe all the same. */
export async function rewritten(
  { stripe, clock }: PaymentDesk,
  request: Request,
  write: (event: Told) => void,
): Promise<Request> {
  const event = JSON.parse(await request.text()) as Told;
  write(event);
  const payload = JSON.stringify(event);
  const timestamp = Math.floor(clock.now() / 1000);
  const signature = stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET, timestamp });
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  return new Request(request.url, { method: 'POST', headers, body: payload });
}
