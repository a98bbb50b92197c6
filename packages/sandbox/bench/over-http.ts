import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';
import { type Measured, median, throughput } from './measure.ts';

const COMMAND = fileURLToPath(new URL('../bin/kassa-sandbox.cjs', import.meta.url));

/** Starts the command as a user does and waits until it says where it listens. */
async function start(): Promise<{ port: number; start_ms: number; stop(): Promise<void> }> {
  const started = performance.now();
  const child = spawn(process.execPath, [COMMAND, '--port', '0', '--quiet'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    });
    child.on('exit', (code) => reject(new Error(`the sandbox ended with ${code}: ${said}`)));
  });
  const start_ms = performance.now() - started;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { port, start_ms, stop };
}

/** The command in a process of its own, driven by the official client. */
export async function overHttp(scale: number): Promise<Measured[]> {
  const server = await start();
  const client = { host: '127.0.0.1', port: server.port, protocol: 'http', telemetry: false } as const;
  const stripe = new Stripe('sk_test_sandbox_bench', client);
  const runs = { warm: Math.round(200 * scale), measured: Math.round(800 * scale) };
  const count = Math.round(4000 * scale);
  try {
    const { id } = await stripe.customers.create({});
    const mixed = (run: number): Promise<unknown> =>
      run % 2 === 0 ? stripe.customers.create({ name: 'Ann' }) : stripe.customers.retrieve(id);
    return [
      { name: 'the command starts and listens', value: Math.round(server.start_ms), unit: 'ms' },
      await median('one call over HTTP', runs, mixed),
      await median('payment intent over HTTP', runs, () =>
        stripe.paymentIntents.create({
          amount: 2500,
          currency: 'usd',
          confirm: true,
          payment_method: 'pm_card_visa',
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        }),
      ),
      await throughput('calls over HTTP', { lanes: 1, count: count / 4 }, mixed),
      await throughput('calls over HTTP', { lanes: 16, count }, mixed),
    ];
  } finally {
    await server.stop();
  }
}
