// Goal: the traps, part three: webhooks, faults and repetition (3 to 6, 24 to 26, 30, 31, 33 to 37). Number 32, that the
// stand-in for Stripe.js lets loadStripe inject nothing, is proved in a real browser: test/shim/shim.test.ts.
// Method: the official client; the clock stands still until it is told; a process of its own where one has to die.
import './report/kept-fresh.ts';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox } from '../src/index.ts';
import { charged, hosted, NOW_MS, openShop, refusal, SECRET } from './shop.ts';

const HOUR = 3_600_000;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kassa-pitfall-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('pitfall 3: every attempt is signed anew over the raw bytes with the whole secret', async () => {
  const { sandbox, stripe, received, answer } = openShop();
  answer.status = 500;
  await stripe.customers.create({ name: 'Änn €' });
  await sandbox.control.advance(5 * HOUR);
  // The receiver verifies with a tolerance of 300 s at the time of each attempt, else nothing is received.
  expect(received).toHaveLength(4);
  expect(new Set(received.map(({ signature }) => signature)).size).toBe(4);
  for (const { body, signature } of received) {
    const verify = (bytes: string, secret: string): unknown =>
      Stripe.webhooks.constructEvent(
        bytes,
        signature,
        secret,
        300,
        undefined,
        Number(/t=(\d+)/.exec(signature)?.[1]) * 1000,
      );
    expect(verify(body, SECRET)).toBeTruthy();
    expect(() => verify(body, SECRET.replace('whsec_', ''))).toThrow();
    expect(() => verify(JSON.stringify(JSON.parse(body)), SECRET)).toThrow();
  }
});

test('pitfall 4: an old event shows its object as it was, to the byte', async () => {
  const { sandbox, stripe, received } = openShop();
  const paid = await charged(stripe);
  await sandbox.drain();
  const first = received.find(({ event }) => event.type === 'payment_intent.succeeded');
  await stripe.paymentIntents.update(paid.id, { metadata: { later: 'yes' } });
  await stripe.refunds.create({ payment_intent: paid.id });
  await sandbox.control.resend(first?.event.id ?? '');
  await sandbox.drain();
  const again = received.filter(({ event }) => event.id === first?.event.id);
  expect(again.map(({ body }) => body)).toEqual([first?.body, first?.body]);
  expect((await stripe.events.retrieve(first?.event.id ?? '')).data).toEqual(first?.event.data);
});

test('pitfall 5: previous_attributes hold the changed keys and nothing else', async () => {
  const { sandbox, stripe, received } = openShop();
  const { id } = await stripe.products.create({ name: 'Print', description: 'large', metadata: { a: '1', b: '2' } });
  await stripe.products.update(id, { name: 'Poster', metadata: { b: '3' } });
  await sandbox.drain();
  const previous = received.at(-1)?.event.data.previous_attributes as Record<string, unknown>;
  expect(previous).toMatchObject({ name: 'Print', metadata: { b: '2' } });
  expect(previous.metadata).toEqual({ b: '2' });
  expect(Object.keys(previous)).not.toContain('description');
});

test('pitfall 6: shuffled events tell the same story to whoever reads the objects', async () => {
  const { sandbox, stripe, received, types } = openShop();
  sandbox.control.addWebhookRule({ action: { kind: 'reorder', window: 20 } });
  const session = await stripe.checkout.sessions.create(hosted());
  await sandbox.control.pay(session.id);
  await sandbox.drain();
  const usual = [
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.succeeded',
    'checkout.session.completed',
  ];
  expect(types()).not.toEqual(usual);
  expect(types().toSorted()).toEqual(usual.toSorted());
  // Each event stands for itself: whichever comes first says as much as when it comes last.
  const completed = received.find(({ event }) => event.type === 'checkout.session.completed');
  expect(completed?.event.data.object).toMatchObject({ id: session.id, payment_status: 'paid', amount_total: 2500 });
});

test('pitfall 24: a failure after the work is repeated under its key, and reading back finds the work', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.addFault({ times: 1, fault: { kind: 'error', status: 500, when: 'after', should_retry: false } });
  const call = () =>
    stripe.customers.create({ email: 'ann@example.com' }, { idempotencyKey: 'once', maxNetworkRetries: 0 });
  expect((await refusal(call())).status).toBe(500);
  const again = await refusal(call());
  expect(again.status).toBe(500);
  expect(again.raw.headers?.['idempotent-replayed']).toBe('true');
  expect((await stripe.customers.list({ email: 'ann@example.com' })).data).toHaveLength(1);
});

test('pitfall 25: a call that was lost before the work is done once by the next one with its key', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.addFault({ times: 2, fault: { kind: 'timeout', when: 'before' } });
  const call = () => stripe.customers.create({}, { idempotencyKey: 'once', maxNetworkRetries: 0 });
  expect((await refusal(call())).type).toBe('StripeConnectionError');
  expect((await stripe.customers.list()).data).toHaveLength(0);
  const { id } = await call();
  expect((await call()).id).toBe(id);
  expect((await stripe.customers.list()).data).toHaveLength(1);
});

test('pitfall 26: after a day the same key pays a second time, and the books show it', async () => {
  const { sandbox, stripe } = openShop();
  const pay = () =>
    stripe.paymentIntents.create(
      {
        amount: 2500,
        currency: 'usd',
        confirm: true,
        payment_method: 'pm_card_visa',
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      },
      { idempotencyKey: 'once' },
    );
  const { id } = await pay();
  await sandbox.control.advance(24 * HOUR - 1);
  expect((await pay()).id).toBe(id);
  expect(sandbox.books().currencies.usd?.captured).toBe(2500);
  await sandbox.control.advance(2);
  expect((await pay()).id).not.toBe(id);
  expect(sandbox.books().currencies.usd?.captured).toBe(5000);
});

test('pitfall 30: a public address takes no webhooks, and a redirect is a failure that nobody follows', async () => {
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? '');
    outgoing.writeHead(302, { location: '/elsewhere' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sandbox = createSandbox({ strict: true });
  onTestFinished(async () => {
    server.close();
    await sandbox.close();
  });
  const stripe = sandbox.stripe(Stripe);
  const endpoint = (url: string) => stripe.webhookEndpoints.create({ url, enabled_events: ['customer.created'] });
  expect((await refusal(endpoint('https://shop.example.com/webhook'))).param).toBe('url');
  expect((await refusal(endpoint('http://10.0.0.1/webhook'))).param).toBe('url');
  await endpoint(`http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`);
  await stripe.customers.create({});
  await sandbox.tick();
  expect(asked).toEqual(['/webhook']);
  expect(sandbox.control.deliveries()).toMatchObject([{ state: 'due', attempts: [{ status: 302 }] }]);
});

test('pitfall 31: a jump of the clock over all retries makes each attempt once, at its time', async () => {
  const { sandbox, stripe, received, answer } = openShop();
  answer.status = 503;
  await stripe.customers.create({});
  await stripe.products.create({ name: 'Print' });
  await sandbox.control.advance(90 * 24 * HOUR);
  const attempts = received.map(
    ({ event, signature }) => [Number(/t=(\d+)/.exec(signature)?.[1]), event.type] as const,
  );
  expect(attempts.map(([at]) => at - NOW_MS / 1000)).toEqual([0, 0, 300, 300, 3900, 3900, 14_700, 14_700]);
  expect(new Set(attempts.map(([at, type]) => `${at} ${type}`)).size).toBe(8);
});

test('pitfall 33: a real-looking card number is refused and stands in no byte of store and log', async () => {
  // Valid by its check digit, but nobody's.
  const number = '5454545454545454';
  const path = folder();
  const lines: string[] = [];
  const sandbox = createSandbox({ store: join(path, 'sandbox.db'), log: (line) => lines.push(JSON.stringify(line)) });
  const stripe = sandbox.stripe(Stripe);
  const session = await stripe.checkout.sessions.create(hosted());
  const page = new URL(session.url ?? '');
  const token = /name="token" value="([^"]+)"/.exec(await (await sandbox.fetch(new Request(page))).text())?.[1] ?? '';
  const typed = { token, email: 'ann@example.com', outcome: 'card', card_expiry: '12/34', card_cvc: '987' };
  const sent = await sandbox.fetch(
    new Request(`${page}/confirm`, {
      method: 'POST',
      headers: { origin: page.origin },
      body: new URLSearchParams({ ...typed, card_number: number }),
    }),
  );
  expect(sent.status).toBe(422);
  expect(await sent.text()).not.toContain(number);
  const card = { number, exp_month: 12, exp_year: 2034, cvc: '987' };
  expect((await refusal(stripe.paymentMethods.create({ type: 'card', card }))).status).toBe(400);
  expect((await refusal(stripe.customers.create({ metadata: { card: number } }))).message).not.toContain(number);
  sandbox.control.snapshot('everything');
  for (const file of readdirSync(path)) expect(readFileSync(join(path, file)).includes(number), file).toBe(false);
  expect(lines.join()).not.toContain(number);
  await sandbox.close();
});

test('pitfall 34: a fault meets the call that it was armed for, also when many are under way', async () => {
  const run = async (): Promise<string[]> => {
    const { sandbox, stripe } = openShop({ seed: 'aim' });
    const match = { method: 'POST', path: '/v1/customers/:id', nth: 4 };
    sandbox.control.addFault({ match, fault: { kind: 'error', status: 503, when: 'before', should_retry: false } });
    const made = await Promise.all(Array.from({ length: 6 }, (_, i) => stripe.customers.create({ name: `${i}` })));
    const calls = made.flatMap(({ id }) => [stripe.customers.update(id, { name: 'x' }), stripe.customers.retrieve(id)]);
    return (await Promise.allSettled(calls)).map(({ status }) => status);
  };
  const endings = await run();
  expect(endings.indexOf('rejected')).toBe(6);
  expect(endings.lastIndexOf('rejected')).toBe(6);
  expect(await run()).toEqual(endings);
});

test('pitfall 35: a snapshot with owed webhooks has the same future as the world it was taken from', async () => {
  const { sandbox, stripe, received, answer } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  answer.status = 500;
  await sandbox.control.pay(session.id);
  await sandbox.tick();
  sandbox.control.snapshot('owed');
  const future = async (): Promise<unknown> => {
    received.length = 0;
    await sandbox.control.advance(24 * HOUR);
    const { id } = await stripe.customers.create({});
    return { id, now: sandbox.clock.now(), sent: received.map(({ body, signature }) => signature + body) };
  };
  const one = await future();
  sandbox.control.restore('owed');
  expect(await future()).toEqual(one);
  expect(one).toMatchObject({ sent: expect.objectContaining({ length: 12 }) });
});

test('pitfall 36: the same seed, calls and clock give the same journal, events and ids to the byte', async () => {
  const run = async (seed: string): Promise<string> => {
    const { sandbox, stripe, received } = openShop({ seed });
    sandbox.control.setChaos({ drop: 0.2, duplicate: 0.2, delay: 0.2, delay_ms: 60_000, reorder: 0.3 });
    for (let i = 0; i < 10; i++) {
      const session = await stripe.checkout.sessions.create(hosted(), { idempotencyKey: `session ${i}` });
      await sandbox.control.pay(session.id, { outcome: i % 3 === 0 ? 'declined' : 'pays' });
      await sandbox.control.advance(HOUR);
    }
    const events = await stripe.events.list({ limit: 100 }, { idempotencyKey: 'read' });
    return JSON.stringify([sandbox.control.requests(), sandbox.control.deliveries(), received, events.data]);
  };
  const one = await run('blue');
  expect(await run('blue')).toBe(one);
  expect(await run('red')).not.toBe(one);
});

test('pitfall 37: a server that is killed between its commit and its answer has done the work and says so again', async () => {
  const store = join(folder(), 'sandbox.db');
  const script = `
    import { writeSync } from 'node:fs';
    import Stripe from 'stripe';
    import { createSandbox } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
    const sandbox = createSandbox({ store: ${JSON.stringify(store)}, log: () => undefined });
    sandbox.control.addFault({ fault: { kind: 'delay', when: 'after', ms: 60_000 } });
    const { clock } = sandbox;
    clock.sleep = async () => { writeSync(1, 'committed'); process.kill(process.pid, 'SIGKILL'); };
    await sandbox.stripe(Stripe).customers.create({ email: 'ann@example.com' }, { idempotencyKey: 'once' });
    writeSync(1, 'answered');`;
  const args = ['--input-type=module-typescript', '-e', script];
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  expect(await new Promise((resolve) => child.on('close', (_, signal) => resolve(signal))), said).toBe('SIGKILL');
  expect(said).toBe('committed');
  const sandbox = createSandbox({ store, strict: true });
  onTestFinished(() => sandbox.close());
  const stripe = sandbox.stripe(Stripe);
  const [survivor] = (await stripe.customers.list()).data;
  const again = await stripe.customers.create({ email: 'ann@example.com' }, { idempotencyKey: 'once' });
  expect(again.id).toBe(survivor?.id);
  expect(sandbox.control.requests().at(-1)).toMatchObject({ key: 'once', replayed: true, committed: false });
  expect((await stripe.customers.list()).data).toHaveLength(1);
});
