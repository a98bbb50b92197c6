// Goal: receivers of webhooks do not get into each other's way, and what one of them does never stops the sandbox.

import '../report/kept-fresh.ts';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox, type Sandbox, serveSandbox, virtualClock } from '../../src/index.ts';
import { charged, NOW_MS, openShop } from '../shop.ts';

interface Receiver {
  url: string;
  /** The types of the events that have come in so far. */
  types: string[];
  /** Resolves when so many have come in. */
  until(count: number): Promise<string[]>;
}

/** A shop on a port. `answer` may keep it waiting for ever. */
async function receiver(answer: (response: ServerResponse) => void): Promise<Receiver> {
  const types: string[] = [];
  const waiting: { count: number; resolve(types: string[]): void }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    types.push((JSON.parse(body) as { type: string }).type);
    for (const { count, resolve } of waiting) if (types.length >= count) resolve(types);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const until = (count: number): Promise<string[]> =>
    new Promise((resolve) => (types.length >= count ? resolve(types) : waiting.push({ count, resolve })));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`, types, until };
}

const ok = (response: ServerResponse): void => void response.end('ok');
const never = (): void => undefined;

async function serve(receivers: Receiver[]): Promise<{ sandbox: Sandbox; stripe: Stripe; close(): Promise<void> }> {
  const webhooks = receivers.map(({ url }) => ({ url, secret: 'whsec_x' }));
  const sandbox = createSandbox({ strict: true, webhooks, asyncDelayMs: 1 });
  const served = await serveSandbox(sandbox, { port: 0, tickMs: 1 });
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await served.close();
    if (!closed) await sandbox.close();
    closed = true;
  };
  onTestFinished(close);
  return { sandbox, stripe: sandbox.stripe(Stripe), close };
}

test('a receiver that hangs holds up neither the other receivers nor what happens by itself', async () => {
  const [hanging, quick] = [await receiver(never), await receiver(ok)];
  const { sandbox, stripe, close } = await serve([hanging, quick]);
  for (let i = 0; i < 9; i++) await stripe.customers.create({ name: `buyer ${i}` });
  await stripe.paymentIntents.create({
    amount: 2500,
    currency: 'eur',
    confirm: true,
    payment_method_data: {
      type: 'sepa_debit',
      sepa_debit: { iban: 'AT611904300234573201' },
      billing_details: { name: 'Ann', email: 'ann@example.com' },
    },
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  // The bank's answer is a timer: it fires although four calls to the other receiver are still open.
  expect(await quick.until(14)).toContain('payment_intent.succeeded');
  expect(quick.types.filter((type) => type === 'customer.created')).toHaveLength(9);
  expect(hanging.types).toHaveLength(4);
  const states = () => new Set(sandbox.control.deliveries().map(({ target, state }) => `${target} ${state}`));
  await expect.poll(states).toEqual(new Set(['option:0 due', 'option:1 done']));
  const started = performance.now();
  await close();
  expect(performance.now() - started).toBeLessThan(5000);
});

test('a long queue of one receiver does not crowd out a short one', async () => {
  const [hanging, quick] = [await receiver(never), await receiver(ok)];
  const { stripe, sandbox } = await serve([hanging]);
  for (let i = 0; i < 250; i++) await stripe.customers.create({ name: `buyer ${i}` });
  await hanging.until(4);
  await stripe.webhookEndpoints.create({ url: quick.url, enabled_events: ['product.created'] });
  await stripe.products.create({ name: 'Poster' });
  expect(await quick.until(1)).toEqual(['product.created']);
  await expect.poll(() => sandbox.control.deliveries().filter(({ state }) => state === 'done').length).toBe(1);
});

test('of a receiver that talks for ever only the beginning is read', async () => {
  const endless = await receiver((response) => {
    response.writeHead(200);
    const talk = (): void => {
      while (!response.destroyed && response.write('x'.repeat(1000)));
      if (!response.destroyed) response.once('drain', talk);
    };
    talk();
  });
  const { stripe, sandbox } = await serve([endless]);
  await stripe.customers.create({ name: 'Ann' });
  await expect.poll(() => sandbox.control.deliveries()[0]?.state).toBe('done');
  expect(sandbox.control.deliveries()[0]?.attempts).toMatchObject([{ status: 200, reply: 'x'.repeat(2048) }]);
});

test('each attempt is logged with how long it took', async () => {
  const clock = virtualClock(NOW_MS);
  const { sandbox, stripe } = openShop({
    clock,
    deliver: async () => {
      clock.advance(150);
      return new Response('ok');
    },
  });
  await stripe.customers.create({ name: 'Ann' });
  await sandbox.drain();
  expect(sandbox.control.deliveries()[0]?.attempts).toEqual([
    { at_ms: NOW_MS + 150, took_ms: 150, status: 200, reply: 'ok' },
  ]);
});

test('what was under way when the sandbox was emptied is written into no new delivery', async () => {
  const answers: (() => void)[] = [];
  const heard: string[] = [];
  const { sandbox, stripe } = openShop({
    deliver: async (request) => {
      heard.push(((await request.json()) as { data: { object: { name: string } } }).data.object.name);
      if (heard.length === 1) await new Promise<void>((resolve) => void answers.push(resolve));
      return new Response('ok', { status: heard.length === 1 ? 200 : 500 });
    },
  });
  await stripe.customers.create({ name: 'before' });
  const running = sandbox.drain();
  await expect.poll(() => heard).toEqual(['before']);
  sandbox.control.reset();
  await stripe.customers.create({ name: 'after' });
  answers[0]?.();
  await running;
  await sandbox.drain();
  expect(heard).toEqual(['before', 'after']);
  expect(sandbox.control.deliveries()).toMatchObject([{ state: 'due', attempts: [{ status: 500 }] }]);
});

interface Signed {
  body: string;
  header: string;
}

test('a rolled secret and the one before both open a webhook, until the overlap is over', async () => {
  const arrived: Signed[] = [];
  const { sandbox, stripe } = openShop({
    webhooks: [],
    deliver: async (request) => {
      arrived.push({ body: await request.text(), header: request.headers.get('stripe-signature') ?? '' });
      return new Response('ok');
    },
  });
  const endpoint = await stripe.webhookEndpoints.create({ url: 'http://shop.test/', enabled_events: ['*'] });
  const first = endpoint.secret ?? '';
  const second = await sandbox.control.rollSecret(endpoint.id, { overlap_ms: 3_600_000 });
  const send = async (): Promise<Signed> => {
    await stripe.customers.create({ name: 'Ann' });
    await sandbox.drain();
    return arrived.at(-1) ?? { body: '', header: '' };
  };
  const opens = ({ body, header }: Signed, secret: string): boolean => {
    try {
      return Stripe.webhooks.constructEvent(body, header, secret, 300, undefined, sandbox.clock.now()).id !== '';
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
      throw error;
    }
  };
  const during = await send();
  expect(during.header.match(/v1=/g)).toHaveLength(2);
  expect([opens(during, first), opens(during, second), opens(during, 'whsec_other')]).toEqual([true, true, false]);
  await sandbox.control.advance(3_600_000);
  const afterwards = await send();
  expect(afterwards.header.match(/v1=/g)).toHaveLength(1);
  expect([opens(afterwards, first), opens(afterwards, second)]).toEqual([false, true]);
  const third = await sandbox.control.rollSecret(endpoint.id, { overlap_ms: 0 });
  const atOnce = await send();
  expect([opens(atOnce, second), opens(atOnce, third)]).toEqual([false, true]);
  expect(JSON.stringify(await stripe.webhookEndpoints.retrieve(endpoint.id))).not.toContain('whsec_');
  await expect(sandbox.control.rollSecret('we_nothing')).rejects.toMatchObject({ status: 404 });
  await expect(sandbox.control.rollSecret(endpoint.id, { overlap_ms: -1 })).rejects.toThrow(/overlap_ms/);
});

test('an attempt that comes after the roll is signed with both, also for an event from before it', async () => {
  const signatures: number[] = [];
  const { sandbox, stripe } = openShop({
    webhooks: [],
    deliver: async (request) => {
      signatures.push(request.headers.get('stripe-signature')?.match(/v1=/g)?.length ?? 0);
      return new Response('no', { status: 500 });
    },
  });
  const endpoint = await stripe.webhookEndpoints.create({ url: 'http://shop.test/', enabled_events: ['*'] });
  await charged(stripe);
  await sandbox.drain();
  await sandbox.control.rollSecret(endpoint.id);
  await sandbox.control.advance(300_000);
  expect(signatures).toEqual([1, 1, 1, 2, 2, 2]);
});

test('a drain waits for what the server’s own clock took before it', async () => {
  const held: ServerResponse[] = [];
  const slow = await receiver((response) => void held.push(response));
  const { sandbox, stripe } = await serve([slow]);
  await stripe.customers.create({ name: 'Ann' });
  await slow.until(1);
  let drained = false;
  const drain = sandbox.drain().then(() => {
    drained = true;
  });
  // A drain with nothing to wait for is over within these turns of the loop.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(drained).toBe(false);
  for (const response of held) ok(response);
  await drain;
  expect(sandbox.control.deliveries().map(({ state }) => state)).toEqual(['done']);
});
