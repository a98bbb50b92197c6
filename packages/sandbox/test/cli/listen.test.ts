// Goal: `stripe listen` brings the sandbox's events to a shop, signed so that the official client accepts them, and
// `stripe logs tail` shows the calls. Method: the real binary and a real shop on a port of its own.
import '../report/kept-fresh.ts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createSandbox, serveSandbox } from '../../src/index.ts';
import { type CommandLine, commandLine, openCommandLine, type Running } from './binary.ts';

interface Shop {
  hook: string;
  /** Verified with the secret, in the order in which they came. */
  events: Stripe.Event[];
  headers: Record<string, unknown>[];
  /** What came and was not signed as it should be. */
  refused: string[];
  answer: { status: number; body: string };
  close(): void;
}

async function openShop(secret: string): Promise<Shop> {
  const shop: Shop = {
    hook: '',
    events: [],
    headers: [],
    refused: [],
    answer: { status: 200, body: 'thanks' },
    close: () => undefined,
  };
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    try {
      const signature = String(incoming.headers['stripe-signature']);
      shop.events.push(Stripe.webhooks.constructEvent(Buffer.concat(chunks), signature, secret));
      shop.headers.push(incoming.headers);
    } catch (error) {
      shop.refused.push(String(error));
    }
    outgoing.writeHead(shop.answer.status).end(shop.answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  shop.close = () => void server.close();
  shop.hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`;
  return shop;
}

/** A shop that closes with its test. */
async function shopFor(secret: string): Promise<Shop> {
  const shop = await openShop(secret);
  onTestFinished(() => shop.close());
  return shop;
}

async function printedSecret(cli: CommandLine): Promise<string> {
  const { code, out, err } = await cli.run('listen', '--print-secret');
  expect(code, err).toBe(0);
  return out.trim();
}

async function listen(cli: CommandLine, ...args: string[]): Promise<Running> {
  const listener = cli.start('listen', '--skip-update', ...args);
  await listener.says(/Ready!.*whsec_/);
  return listener;
}

const types = (shop: Shop): string[] => shop.events.map((event) => event.type).sort();

/** The server goes and comes back on its port, as when a developer starts it anew. */
async function restart(): Promise<{ received: string[]; refused: string[] }> {
  const open = async (port: number) => {
    const sandbox = createSandbox({ strict: true, seed: 'blue hall' });
    const served = await serveSandbox(sandbox, { port, tickMs: 10 });
    const close = async (): Promise<void> => {
      await served.close();
      await sandbox.close();
    };
    return { sandbox, served, close };
  };
  const cli = await openCommandLine({ seed: 'blue hall' });
  const shop = await openShop(await printedSecret(cli));
  const first = await open(0);
  await listen(cli, '--forward-to', shop.hook, '--api-base', first.served.url);
  await first.close();
  const second = await open(first.served.port);
  try {
    await vi.waitUntil(() => second.sandbox.world.listeners.size > 0, { timeout: 30_000 });
    await second.sandbox.stripe(Stripe).products.create({ name: 'Print' });
    await vi.waitUntil(() => shop.events.length + shop.refused.length > 0, { timeout: 10_000 });
    return { received: types(shop), refused: shop.refused };
  } finally {
    await cli.close();
    await second.close();
    shop.close();
  }
}

// The command line waits ten seconds before it asks again: so this begins first, and its test comes last.
let comeback: ReturnType<typeof restart>;
beforeAll(() => {
  comeback = restart();
  comeback.catch(() => undefined);
});

test('a payment page paid by the command line arrives at the shop, every event signed', async () => {
  const cli = await commandLine();
  const secret = await printedSecret(cli);
  expect(secret).toMatch(/^whsec_\w{64}$/);
  const shop = await shopFor(secret);
  const listener = await listen(cli, '--forward-to', shop.hook);
  expect(listener.text()).toContain(secret);
  expect(await printedSecret(cli)).toBe(secret);

  expect((await cli.run('trigger', 'checkout.session.completed')).code).toBe(0);
  await expect.poll(() => types(shop)).toContain('checkout.session.completed');
  await listener.says(/<--\s+\[200\] POST/);
  const made = cli.sandbox.world.database.all('select type from events').map((row) => String(row.type));
  await expect.poll(() => types(shop)).toEqual(made.sort());
  expect(shop.refused).toEqual([]);
  expect(shop.headers[0]).toMatchObject({ 'user-agent': expect.stringMatching(/^Stripe\/1\.0 /) });
  const completed = shop.events.find((event) => event.type === 'checkout.session.completed');
  expect(completed?.data.object).toMatchObject({ payment_status: 'paid', amount_total: 3000 });
  // What the shop answered stands in the log beside what the command line said, in the order in which both arrived.
  const log = () => cli.sandbox.control.deliveries({ event: completed?.id ?? '' });
  await expect.poll(() => log()[0]?.attempts.length).toBe(2);
  const replies = log()[0]?.attempts.map(({ status, reply }) => `${status} ${reply}`);
  expect(replies?.toSorted()).toEqual(['200 thanks', '200 the command line has it']);
  expect(log()).toMatchObject([{ state: 'done' }]);
});

test('a resent event goes to the command line alone, with the same bytes and id', async () => {
  const direct = await shopFor('whsec_direct');
  const cli = await commandLine({ webhooks: [{ url: direct.hook, secret: 'whsec_direct' }] });
  const shop = await shopFor(await printedSecret(cli));
  const { id } = await cli.json('post', '/v1/products', '-d', 'name=Print');
  await expect.poll(() => types(direct)).toEqual(['product.created']);
  await listen(cli, '--forward-to', shop.hook);
  await cli.json('products', 'update', String(id), '--name', 'Larger print');
  await expect.poll(() => types(shop)).toEqual(['product.updated']);
  await expect.poll(() => types(direct)).toEqual(['product.created', 'product.updated']);

  const old = direct.events[0];
  expect((await cli.run('events', 'resend', old?.id ?? '')).code).toBe(0);
  await expect.poll(() => shop.events.at(-1)).toEqual(old);
  await cli.sandbox.drain();
  expect(direct.events).toHaveLength(2);
  expect([...shop.refused, ...direct.refused]).toEqual([]);
});

test('a shop that fails is noted and not asked again by itself', async () => {
  const cli = await commandLine();
  const shop = await shopFor(await printedSecret(cli));
  shop.answer = { status: 500, body: 'out of order' };
  const listener = await listen(cli, '--forward-to', shop.hook);
  await cli.run('trigger', 'customer.created');
  await listener.says(/\[500\]/);
  const log = () => cli.sandbox.control.deliveries();
  await expect.poll(() => log()[0]?.state).toBe('failed');
  expect(log()[0]?.attempts.at(-1)).toMatchObject({ status: 500, reply: 'out of order' });
  expect((await cli.sandbox.stripe(Stripe).events.list({ delivery_success: false })).data).toHaveLength(1);
  await cli.sandbox.control.advance(3_600_000);
  expect(shop.events).toHaveLength(1);
});

test('a listener that looks away keeps nobody waiting', async () => {
  const cli = await commandLine();
  const shop = await shopFor(await printedSecret(cli));
  await listen(cli, '--forward-to', shop.hook, '--events', 'product.created');
  const bare = await listen(cli);
  const stripe = cli.sandbox.stripe(Stripe);
  for (let i = 0; i < 30; i++) await stripe.customers.create({ name: `buyer ${i}` });
  await stripe.products.create({ name: 'Print' });
  await bare.says(/product\.created/);
  await expect.poll(() => types(shop)).toEqual(['product.created']);
  await expect.poll(() => cli.sandbox.control.deliveries().every(({ state }) => state === 'done')).toBe(true);
});

test('with --latest the same events come', async () => {
  const cli = await commandLine();
  const shop = await shopFor(await printedSecret(cli));
  await listen(cli, '--latest', '--forward-to', shop.hook);
  await cli.sandbox.stripe(Stripe).products.create({ name: 'Print' });
  await cli.sandbox.stripe(Stripe).customers.create({});
  await expect.poll(() => types(shop)).toEqual(['customer.created', 'product.created']);
  expect(shop.events[0]?.api_version).toBe('2026-10-28.endive');
});

test('logs tail shows the calls that it was asked for, with what went wrong in them', async () => {
  const cli = await commandLine();
  const all = cli.start('logs', 'tail', '--format', 'JSON');
  const failed = cli.start('logs', 'tail', '--filter-http-method', 'POST', '--filter-status-code-type', '4XX');
  await Promise.all([all.says(/Ready!/), failed.says(/Ready!/)]);
  const stripe = cli.sandbox.stripe(Stripe);
  await stripe.customers.create({ email: 'ann@example.com' });
  await stripe.customers.list({ limit: 3 });
  await stripe.paymentIntents
    .create({
      amount: 500,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa_chargeDeclinedLostCard',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    })
    .catch((error: unknown) => expect(error).toMatchObject({ statusCode: 402 }));
  await all.says(/"status": ?402/);
  await failed.says(/\[402\] POST \/v1\/payment_intents \[req_\w+\]/);
  await failed.says(/DeclineCode: lost_card/);
  const lines = all.text();
  expect(lines).toMatch(/"method": ?"POST"[\s\S]*"url": ?"\/v1\/customers"/);
  expect(lines).toMatch(/"method": ?"GET"/);
  expect(lines).not.toContain('ann@example.com');
  expect(failed.text()).not.toContain('/v1/customers');
  // A tail is no receiver of webhooks.
  expect(cli.sandbox.control.deliveries()).toEqual([]);
  await failed.stop();
  await expect.poll(() => cli.sandbox.world.watchers.size).toBe(1);
});

test('a command line finds the sandbox again after a restart, with the same secret', async () => {
  const { received, refused } = await comeback;
  expect(refused).toEqual([]);
  expect(received).toEqual(['product.created']);
});
