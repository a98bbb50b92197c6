// Goal: a served sandbox is safe on a developer's machine, survives its own death, and works for a client on a port.
import '../report/kept-fresh.ts';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import {
  createSandbox,
  type Sandbox,
  type SandboxOptions,
  type Served,
  serveSandbox,
  virtualClock,
} from '../../src/index.ts';
import { hosted, NOW_MS, refusal } from '../shop.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kassa-sandbox-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function serve(options: SandboxOptions = {}): Promise<{ sandbox: Sandbox; served: Served; stripe: Stripe }> {
  const sandbox = createSandbox({ strict: true, ...options });
  const served = await serveSandbox(sandbox, { port: 0, tickMs: 5 });
  onTestFinished(async () => {
    await served.close();
    await sandbox.close();
  });
  const address = { host: '127.0.0.1', port: served.port, protocol: 'http' } as const;
  const stripe = new Stripe('sk_test_sandbox_demo', { ...address, telemetry: false, maxNetworkRetries: 0 });
  return { sandbox, served, stripe };
}

afterEach(() => {
  delete process.env.NODE_ENV_FOR_TEST;
});

test('the official client works over a port, and the pages stand where the session says', async () => {
  const { served, stripe } = await serve();
  const session = await stripe.checkout.sessions.create(hosted());
  expect(session.url).toBe(`${served.url}/c/pay/${session.id}`);
  const page = await fetch(session.url ?? '');
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('SANDBOX');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
});

test('webhooks reach a receiver on this machine, dated by the wall clock', async () => {
  const { createServer } = await import('node:http');
  const arrived = new Promise<{ body: string; signature: string }>((resolve) => {
    const receiver = createServer((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => {
        outgoing.end('ok');
        resolve({ body, signature: String(incoming.headers['stripe-signature']) });
      });
    });
    receiver.listen(0, '127.0.0.1', async () => {
      const { port } = receiver.address() as { port: number };
      onTestFinished(() => void receiver.close());
      const { stripe } = await serve({ webhooks: [{ url: `http://127.0.0.1:${port}/hook`, secret: 'whsec_x' }] });
      await stripe.customers.create({ name: 'Ann' });
    });
  });
  const { body, signature } = await arrived;
  expect(Stripe.webhooks.constructEvent(body, signature, 'whsec_x').type).toBe('customer.created');
});

test('a reset destroys the socket and a timeout says nothing', async () => {
  const { sandbox, served } = await serve();
  const client = (timeout: number) =>
    new Stripe('sk_test_sandbox_demo', {
      host: '127.0.0.1',
      port: served.port,
      protocol: 'http',
      telemetry: false,
      maxNetworkRetries: 0,
      timeout,
    });
  sandbox.control.addFault({ times: 2, fault: { kind: 'reset', when: 'after' } });
  expect((await refusal(client(5000).customers.create({ name: 'a' }))).type).toBe('StripeConnectionError');
  sandbox.control.removeFault();
  sandbox.control.addFault({ times: 1, fault: { kind: 'timeout', when: 'before' } });
  expect((await refusal(client(150).customers.create({ name: 'a' }))).type).toBe('StripeConnectionError');
});

test.each(['evil.example.com', '127.evil.example.com', '127.0.0.1.evil.example.com', 'localhost.evil.example.com'])(
  'only names of this machine are answered, so that no foreign page can point %s here',
  async (host) => {
    const { served } = await serve();
    const statusFor = (name: string) =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: served.port, path: '/_sandbox', headers: { host: name } };
        const call = request(options, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        call.on('error', reject);
        call.end();
      });
    expect(await statusFor(`${host}:${served.port}`)).toBe(403);
    expect(await statusFor(`127.0.0.1:${served.port}`)).toBe(200);
  },
);

test('the bare address leads to the panel', async () => {
  const { served } = await serve();
  const answer = await fetch(`${served.url}/`, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/_sandbox']);
});

test('a form of a foreign page cannot call the API: a secret key counts in its header alone', async () => {
  const { sandbox, served } = await serve();
  const form = new URLSearchParams({ key: 'sk_test_any', url: 'http://evil.example.com/', 'enabled_events[]': '*' });
  const post = (origin: string) =>
    fetch(`${served.url}/v1/webhook_endpoints`, { method: 'POST', headers: { origin }, body: form });
  expect((await post('http://evil.example.com')).status).toBe(403);
  const near = await post('http://127.0.0.1:3000');
  expect([near.status, await near.text()]).toEqual([401, expect.stringContaining('Authorization header')]);
  expect((await fetch(`${served.url}/v1/customers?key=sk_test_any`)).status).toBe(401);
  expect(await sandbox.stripe(Stripe).webhookEndpoints.list()).toMatchObject({ data: [] });
});

test('control calls need their header and the token, forms need theirs and the right origin', async () => {
  const { sandbox, served, stripe } = await serve();
  const books = (headers: Record<string, string>) => fetch(`${served.url}/_sandbox/books`, { headers });
  expect((await books({})).status).toBe(403);
  expect((await books({ 'x-sandbox-control': '1' })).status).toBe(403);
  expect((await books({ 'x-sandbox-control': '1', 'x-sandbox-token': sandbox.controlToken })).status).toBe(200);
  const session = await stripe.checkout.sessions.create(hosted());
  const post = (origin: string) =>
    fetch(`${session.url}/confirm`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({ token: 'x', outcome: 'pays' }),
    });
  expect((await post('http://evil.test')).status).toBe(403);
  expect((await post(served.url)).status).toBe(403);
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
});

test('whoever runs it may open the control to every program of this machine, and to no page', async () => {
  const { sandbox, served } = await serve();
  sandbox.control.setOption({ require_control_token: false });
  const books = (headers: Record<string, string>) => fetch(`${served.url}/_sandbox/books`, { headers });
  expect((await books({ 'x-sandbox-control': '1' })).status).toBe(200);
  expect((await books({})).status).toBe(403);
  expect((await books({ 'x-sandbox-control': '1', origin: 'http://evil.example' })).status).toBe(403);
});

test('a public address, production and a live key are refused with a sentence', async () => {
  const sandbox = createSandbox();
  await expect(serveSandbox(sandbox, { port: 0, host: '0.0.0.0' })).rejects.toThrow(/this machine only/);
  await sandbox.close();
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  expect(() => createSandbox()).toThrow(/NODE_ENV=production/);
  await createSandbox({ allowProduction: 'I know this takes no real money' }).close();
  process.env.NODE_ENV = before;
  const live = ['sk', 'live', 'abcdefghijkl'].join('_');
  expect(() => createSandbox({ sellerName: live })).toThrow(/live key/);
});

test('a file store keeps everything over a restart, timers and owed webhooks included', async () => {
  const store = join(folder(), 'sandbox.db');
  const clock = virtualClock(NOW_MS);
  const types: string[] = [];
  const deliver = async (call: Request): Promise<Response> => {
    types.push(((await call.json()) as { type: string }).type);
    return new Response();
  };
  const options: SandboxOptions = { store, clock, deliver, webhooks: [{ url: 'http://a.test', secret: 'whsec_x' }] };
  const first = createSandbox(options);
  const session = await first.stripe(Stripe).checkout.sessions.create(hosted(), { idempotencyKey: 'k' });
  await first.stripe(Stripe).customers.create({ name: 'a' });
  await first.close();
  const second = createSandbox(options);
  const stripe = second.stripe(Stripe);
  expect((await stripe.checkout.sessions.create(hosted(), { idempotencyKey: 'k' })).id).toBe(session.id);
  expect((await stripe.checkout.sessions.create(hosted())).id).not.toBe(session.id);
  await second.control.advance(86_400_000);
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('expired');
  expect(types).toEqual(['customer.created', 'checkout.session.expired', 'checkout.session.expired']);
  await second.close();
  expect(statSync(store).mode & 0o777).toBe(0o600);
});

test('two processes never share a file', async () => {
  const store = join(folder(), 'sandbox.db');
  const sandbox = createSandbox({ store });
  expect(() => createSandbox({ store })).toThrow(/in use by process/);
  await sandbox.close();
  await createSandbox({ store }).close();
});

test('a server that is killed between its commit and its answer has done the work and says so again', async () => {
  const store = join(folder(), 'sandbox.db');
  const script = `
    import Stripe from 'stripe';
    import { createSandbox } from '${join(import.meta.dirname, '../../src/index.ts')}';
    const sandbox = createSandbox({ store: ${JSON.stringify(store)} });
    sandbox.control.addFault({ fault: { kind: 'delay', when: 'after', ms: 60000 } });
    const call = sandbox.stripe(Stripe).customers.create({ name: 'Ann' }, { idempotencyKey: 'k' });
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
    await call;`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    cwd: import.meta.dirname,
    stdio: 'pipe',
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const signal = await new Promise((resolve) => child.on('exit', (_, by) => resolve(by)));
  expect(signal, said).toBe('SIGKILL');
  const sandbox = createSandbox({ store });
  const stripe = sandbox.stripe(Stripe);
  const customer = await stripe.customers.create({ name: 'Ann' }, { idempotencyKey: 'k' });
  expect((await stripe.customers.list()).data.map(({ id }) => id)).toEqual([customer.id]);
  await sandbox.close();
});

test('a card number that is typed or sent stands in no byte of store and log', async () => {
  const store = join(folder(), 'sandbox.db');
  const lines: string[] = [];
  const { sandbox, served, stripe } = await serve({ store, log: (line) => lines.push(JSON.stringify(line)) });
  const [real, cvc] = ['4539578763621486', '987'];
  const session = await stripe.checkout.sessions.create(hosted());
  const html = await (await fetch(session.url ?? '')).text();
  const token = /name="token" value="([^"]+)"/.exec(html)?.[1] ?? '';
  const body = new URLSearchParams({
    token,
    email: 'ann@example.com',
    outcome: 'card',
    card_number: real,
    card_expiry: '12/34',
    card_cvc: cvc,
  });
  const answer = await fetch(`${session.url}/confirm`, { method: 'POST', headers: { origin: served.url }, body });
  expect(answer.status).toBe(422);
  const shown = await answer.text();
  expect(shown).toContain('Only test cards work here');
  expect(shown).not.toContain(real);
  await refusal(stripe.customers.create({ description: `card ${real}` }));
  await refusal(
    stripe.paymentMethods.create({ type: 'card', card: { number: real, exp_month: 1, exp_year: 2030, cvc } }),
  );
  sandbox.control.snapshot('all');
  for (const file of [store, `${store}-wal`]) expect(readFileSync(file).includes(real)).toBe(false);
  expect(lines.join('\n')).not.toContain(real);
});
