import Stripe from 'stripe';
import { createSandbox, type Sandbox, virtualClock } from '../src/index.ts';
import { type Measured, median, throughput } from './measure.ts';

const CONFIRMED: Stripe.PaymentIntentCreateParams = {
  amount: 2500,
  currency: 'usd',
  confirm: true,
  payment_method: 'pm_card_visa',
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
};

const SESSION: Stripe.Checkout.SessionCreateParams = {
  mode: 'payment',
  success_url: 'https://shop.test/thanks?s={CHECKOUT_SESSION_ID}',
  line_items: [{ price_data: { currency: 'usd', unit_amount: 2500, product_data: { name: 'Ticket' } }, quantity: 1 }],
};

/** A call without the client around it: what the sandbox alone costs. */
function bare(sandbox: Sandbox, path: string, form: string): (run: number) => Promise<void> {
  const headers = {
    authorization: `Bearer ${sandbox.keys.secret}`,
    'content-type': 'application/x-www-form-urlencoded',
  };
  return async (run) => {
    const request = new Request(`http://sandbox.test${path}`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': `bench-${path}-${run}` },
      body: form,
    });
    const response = await sandbox.fetch(request);
    if (response.status !== 200) throw new Error(await response.text());
    await response.text();
  };
}

/** Everything in one process, as tests and the simulation use it: no port, no socket, time stands still. */
export async function inProcess(scale: number): Promise<Measured[]> {
  let heard = 0;
  const sandbox = createSandbox({
    clock: virtualClock(Date.UTC(2026, 10, 21)),
    webhooks: [{ url: 'http://shop.test/webhook', secret: 'whsec_bench' }],
    deliver: async () => {
      heard++;
      return new Response('ok');
    },
  });
  const stripe = sandbox.stripe(Stripe);
  const runs = { warm: Math.round(400 * scale), measured: Math.round(2000 * scale) };
  const intent =
    'amount=2500&currency=usd&confirm=true&payment_method=pm_card_visa&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never';
  const measured: Measured[] = [];
  measured.push(
    await median('payment intent, created and confirmed', runs, bare(sandbox, '/v1/payment_intents', intent), 1),
  );
  measured.push(await median('the same through stripe-node', runs, () => stripe.paymentIntents.create(CONFIRMED)));
  measured.push(
    await median('a customer is created', runs, (run) => stripe.customers.create({ name: `buyer ${run}` })),
  );
  const { id } = await stripe.customers.create({});
  measured.push(await median('a customer is read', runs, () => stripe.customers.retrieve(id)));
  measured.push(await median('a list of ten', runs, () => stripe.paymentIntents.list({ limit: 10 })));
  await sandbox.drain();
  const sold = { warm: Math.round(100 * scale), measured: Math.round(500 * scale) };
  measured.push(
    await median(
      'session created, paid, webhooks delivered',
      sold,
      async () => {
        const session = await stripe.checkout.sessions.create(SESSION);
        await sandbox.control.pay(session.id);
        await sandbox.drain();
      },
      5,
    ),
  );
  measured.push(
    await throughput('calls in this process', { lanes: 8, count: Math.round(4000 * scale) }, (run) =>
      run % 2 === 0 ? stripe.customers.create({ name: 'Ann' }) : stripe.customers.retrieve(id),
    ),
  );
  const before = heard;
  const started = performance.now();
  await sandbox.drain();
  const seconds = (performance.now() - started) / 1000;
  measured.push({ name: 'webhooks delivered', value: Math.round((heard - before) / seconds), unit: 'per second' });
  await sandbox.close();
  return measured;
}
