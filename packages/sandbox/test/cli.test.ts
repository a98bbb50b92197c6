// Goal: the official command line drives the sandbox with its own fixtures and hears its webhooks.
// Method: the real binary from npm, against a served sandbox, with a home folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox, type Served, serveSandbox } from '../src/index.ts';

const TRIGGERS = `
checkout.session.completed checkout.session.async_payment_succeeded checkout.session.async_payment_failed
checkout.session.expired payment_intent.created payment_intent.succeeded payment_intent.payment_failed
payment_intent.requires_action payment_intent.processing payment_intent.amount_capturable_updated
payment_intent.canceled setup_intent.created setup_intent.succeeded setup_intent.setup_failed
setup_intent.requires_action setup_intent.canceled charge.succeeded charge.failed charge.captured charge.refunded
charge.refund.updated charge.dispute.created charge.dispute.updated charge.dispute.closed payment_method.attached
payment_method.detached payment_method.updated customer.created customer.updated customer.deleted
customer.source.created customer.source.updated coupon.created coupon.updated coupon.deleted promotion_code.created
promotion_code.updated product.created product.updated product.deleted price.created price.updated tax_rate.created`
  .trim()
  .split(/\s+/);

/** Some fixtures end in an event of another name; `charge.refund.updated` is told as `refund.updated` here. */
const TOLD_AS: Record<string, string> = { 'charge.refund.updated': 'refund.updated' };

function binary(): string | undefined {
  const resolve = createRequire(import.meta.url).resolve;
  const name = `@stripe/cli-${process.platform}-${process.arch}/package.json`;
  try {
    return join(resolve(name), '..', 'bin', process.platform === 'win32' ? 'stripe.exe' : 'stripe');
  } catch (error) {
    console.warn(`the official command line is not installed here, its tests are skipped: ${String(error)}`);
    return undefined;
  }
}

const stripeCommand = binary();
let sandbox: Sandbox;
let served: Served;
let home: string;

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    STRIPE_API_KEY: 'sk_test_sandbox_commandline',
    STRIPE_CLI_TELEMETRY_OPTOUT: '1',
    STRIPE_NO_AUTO_UPDATE: '1',
    STRIPE_DEVICE_NAME: 'test',
  };
}

async function stripe(...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(stripeCommand ?? '', [...args, '--api-base', served.url], { env: environment() });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'kassa-cli-'));
  sandbox = createSandbox({ strict: true });
  served = await serveSandbox(sandbox, { port: 0, tickMs: 5 });
});

afterAll(async () => {
  await served.close();
  await sandbox.close();
  rmSync(home, { recursive: true, force: true });
});

describe.skipIf(stripeCommand === undefined)('the official command line', () => {
  test.each(TRIGGERS)('triggers %s', async (type) => {
    const since = Number(sandbox.world.database.one('select max(seq) as top from events')?.top ?? 0);
    const { code, said } = await stripe('trigger', type);
    expect(code, said).toBe(0);
    await sandbox.drain();
    const rows = sandbox.world.database.all('select type from events where seq > ?', since);
    const wanted = TOLD_AS[type] ?? type;
    await sandbox.control.advance(5000);
    const later = sandbox.world.database.all('select type from events where seq > ?', since);
    expect([...rows, ...later].map((row) => row.type)).toContain(wanted);
  });

  test('reads, writes and deletes plain resources', async () => {
    const made = await stripe('customers', 'create', '-d', 'email=ann@example.com');
    const { id } = JSON.parse(made.said) as { id: string };
    expect((await stripe('get', `/v1/customers/${id}`)).said).toContain('ann@example.com');
    expect((await stripe('post', `/v1/customers/${id}`, '-d', 'metadata[a]=b')).said).toContain('"a": "b"');
    expect((await stripe('delete', `/v1/customers/${id}`, '--confirm')).said).toContain('"deleted": true');
  });

  test('listens, forwards what constructEvent accepts, and hears a resent event again', async () => {
    const { createServer } = await import('node:http');
    const secret = (await stripe('listen', '--print-secret')).said.trim().split(/\s/).at(-1) ?? '';
    expect(secret).toMatch(/^whsec_/);
    const heard: Stripe.Event[] = [];
    let wake: () => void = () => undefined;
    const receiver = createServer((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => {
        heard.push(Stripe.webhooks.constructEvent(body, String(incoming.headers['stripe-signature']), secret));
        outgoing.end('ok');
        wake();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as { port: number };
    const args = ['listen', '--forward-to', `http://127.0.0.1:${port}/hook`, '--api-base', served.url];
    const listener = spawn(stripeCommand ?? '', args, { env: environment() });
    await new Promise<void>((resolve) =>
      listener.stderr.on('data', (chunk) => /Ready/.test(String(chunk)) && resolve()),
    );
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve;
      });
    let arrived = next();
    await sandbox.stripe(Stripe).products.create({ name: 'Print' });
    await arrived;
    expect(heard.map((event) => event.type)).toEqual(['product.created']);
    arrived = next();
    expect((await stripe('events', 'resend', heard[0]?.id ?? '')).code).toBe(0);
    await arrived;
    expect(heard[1]).toEqual(heard[0]);
    listener.kill();
    receiver.close();
  });

  test('the version that is installed is named in the log of this run', () => {
    const { stdout } = spawnSync(stripeCommand ?? '', ['version'], { env: environment(), encoding: 'utf8' });
    expect(stdout).toMatch(/stripe version \d+/);
  });
});
