// Goal: `npm start` is a whole shop in one command: it says where it is, sells, stops without a trace, and neither a
// second start nor kill -9 in the middle of a purchase loses anything.
// Method: the real command as a child process on free ports with a folder of its own; everything over HTTP.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { anyFreePort } from '../../src/cli/ports.ts';
import { openPage, payOn } from '../../src/cli/try/hosted-page.ts';
import { systemHttp } from '../../src/system.ts';
import { eventually } from '../setup/world.ts';
import { BLUE_HALL, type KassaProcess, kassa } from './kassa-process.ts';

let folder: string;
let env: Record<string, string>;
let url: string;
const running = new Set<KassaProcess>();
/** Starts of a whole shop on a machine that does other things too. */
const LONG_MS = 180_000;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-dev-'));
  const [port, sandbox_port] = [await anyFreePort(), await anyFreePort()];
  url = `http://localhost:${port}`;
  env = { PORT: String(port), KASSA_SANDBOX_PORT: String(sandbox_port), KASSA_DATA_DIR: join(folder, 'shop') };
});
afterEach(async () => {
  for (const one of running) {
    one.child.kill('SIGTERM');
    await one.ended;
  }
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function dev(...more: string[]): KassaProcess {
  const started = kassa(['dev', '--config', BLUE_HALL, ...more], { cwd: folder, env });
  running.add(started);
  void started.ended.then(() => running.delete(started));
  return started;
}

async function body(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const answer = await fetch(new URL(path, url), init);
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

async function seatsLeft(): Promise<unknown> {
  const { offers } = (await body('/pay/catalog')) as { offers: { offer: string; left: number }[] };
  return offers.find(({ offer }) => offer === 'lakers')?.left;
}

/** The server's process, as its own lock file names it; undefined when there is none. */
function postmaster(): string | undefined {
  const pid_file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('postmaster.pid'),
  );
  return pid_file === undefined ? undefined : join(folder, pid_file);
}

test(
  'one command starts a shop that says where it is, sells once, and stops without a trace',
  async () => {
    const shop = dev();
    await shop.line(/^ {2}data/);
    expect(shop.out()).toMatch(
      new RegExp(
        [
          '^kassa \\d+\\.\\d+\\.\\d+ {2}ready in \\d+\\.\\d s {5}mode SANDBOX: no Stripe account, no internet, no money\n',
          ` {2}➜ Shop {7}${url}/ +try buying\n`,
          ` {2}➜ Orders {5}${url}/admin/orders +each order, step by step\n`,
          ` {2}➜ Inbox {6}${url}/admin/inbox +mail stays here\n`,
          ` {2}➜ API {8}${url}/openapi\\.json .*\n`,
          ` {2}➜ Sandbox {4}http://127\\.0\\.0\\.1:${env.KASSA_SANDBOX_PORT}/_sandbox .*\n`,
          ' {2}data {2}shop/ \\(Postgres 18\\.\\d+, port \\d+\\) {6}hooks {2}.*order\\.paid.* \\(kassa\\.hooks\\.ts\\)\n$',
        ].join(''),
      ),
    );
    expect(await body('/readyz')).toMatchObject({ ready: true, mode: 'sandbox' });

    const bought = kassa(['try', '--url', url], { cwd: folder });
    expect(await bought.ended, bought.out() + bought.err()).toBe(0);
    expect(bought.out()).toContain('ok  order #1001 paid once · receipt sent once · 98 left');

    for (const secret of ['webhook', 'auth']) {
      expect(statSync(join(folder, 'shop', 'secrets', secret)).mode & 0o777).toBe(0o600);
    }
    expect(postmaster()).toBeDefined();
    // As under npm, which passes on what the terminal has already sent.
    shop.child.kill('SIGINT');
    shop.child.kill('SIGINT');
    expect(await shop.ended).toBe(0);
    expect(shop.out()).toMatch(/\nstopped; data kept in shop\/\n$/);
    expect(shop.err()).toBe('');
    expect(postmaster()).toBeUndefined();
    expect(existsSync(join(folder, 'shop', 'running.json'))).toBe(false);
    await expect(fetch(url)).rejects.toThrow();
  },
  LONG_MS,
);

test(
  'two starts at the same moment are one shop, and the other one tells its address',
  async () => {
    const both = [dev(), dev()];
    const said = await Promise.all(both.map((one) => one.line(/ready in|is running already/)));
    expect(said.filter((line) => line.includes('ready in'))).toHaveLength(1);
    const other = both[said.findIndex((line) => line.includes('is running already'))];
    expect(await other?.ended).toBe(0);
    expect(other?.out()).toBe(`kassa is running already: ${url}/\n`);
    const third = dev('--json');
    expect(await third.ended).toBe(0);
    expect(JSON.parse(third.out())).toEqual({ what: 'running', url });
    expect(await seatsLeft()).toBe(98);
  },
  LONG_MS,
);

test(
  'kill -9 right after the buyer has paid: the next start finds the payment, once, with one receipt',
  async () => {
    const first = dev();
    await first.line(/^ {2}data/);
    const before = await seatsLeft();
    const { session_id, url: page_url } = await body('/api/payments/v1/checkout/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ offer: 'lakers', quantity: 2, success_url: `${url}/pay` }),
    });
    const { order_id } = await body(`/pay/orders/${session_id}`);
    const page = await openPage(systemHttp(), String(page_url));
    const card = { card_number: '4242424242424242', card_expiry: '12 / 34', card_cvc: '123' };
    const paid = await payOn(systemHttp(), page, { email: 'ann@example.com', name: 'Ann', ...card });
    first.child.kill('SIGKILL');
    expect(paid.status).toBe(303);
    expect(await first.ended).toBe('SIGKILL');

    const second = dev();
    await second.line(/^ {2}data/);
    const mails = await eventually(async () => {
      const { status } = await body(`/admin/orders/${order_id}.json`);
      const { messages } = (await body(`/admin/inbox.json?order=${order_id}`)) as { messages: { state: string }[] };
      return status === 'paid' && messages.some(({ state }) => state === 'caught') ? messages : undefined;
    }, 60_000);
    expect(mails).toHaveLength(1);
    expect(await seatsLeft()).toBe(Number(before) - 2);
  },
  LONG_MS,
);

test(
  'a stop that is asked for while the shop still starts is a clean stop',
  async () => {
    const shop = dev();
    await eventually(() => (existsSync(join(folder, 'shop', 'running.json')) ? true : undefined), 60_000);
    shop.child.kill('SIGTERM');
    expect(await shop.ended, shop.err()).toBe(0);
    expect(postmaster()).toBeUndefined();
    expect(existsSync(join(folder, 'shop', 'running.json'))).toBe(false);
  },
  LONG_MS,
);
