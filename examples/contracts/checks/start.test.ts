// Goal: whoever judges the contracts from outside gets the shop of the checks by one command, and always the same one.
// Method: the real program on folders of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { send } from './world/http.ts';
import { openShop, type Shop, type Told } from './world/shop.ts';
import { until } from './world/until.ts';

const SERVER = fileURLToPath(new URL('../server.ts', import.meta.url));

let folder: string;
let shop: Shop;
beforeAll(async () => {
  folder = mkdtempSync(join(inject('checks_run').folder, 'start-'));
  shop = await openShop();
});
afterAll(async () => {
  await shop?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs it until it has said what is waited for, or has ended. */
async function run(args: readonly string[], env: Record<string, string>, wanted?: RegExp) {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [SERVER, ...args], {
    env: { PATH, HOME, PORT: '0', KASSA_SANDBOX_PORT: '0', ...env },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (bytes: Buffer) => {
    said.out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    said.err += bytes.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  if (wanted) await until(`it says ${wanted}`, () => (wanted.test(said.out) ? true : undefined), 60_000);
  return { child, said, ended };
}

test('--json is exactly one line with everything that an outsider needs, and the shop is there', async () => {
  const lines = inject('checks_run').first_line.split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toBe('');
  const told = JSON.parse(lines[0] ?? '') as Told;
  expect(told).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[0-9]+$/),
    sandbox_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[0-9]+$/),
    keys: {
      full: expect.stringMatching(/^kassa_sk_test_/),
      plain: expect.stringMatching(/^kassa_sk_test_/),
      agent: expect.stringMatching(/^kassa_ak_test_/),
    },
    tokens: { a: expect.stringMatching(/^eyJ/), b: expect.stringMatching(/^eyJ/) },
    hosts: ['shop.test', 'other.test'],
    sandbox_token: expect.any(String),
  });
  expect((await send(told.url, 'GET', '/readyz')).status).toBe(200);
  expect((await send(told.sandbox_url, 'GET', '/_sandbox/health')).status).toBe(200);
});

test('it stops with SIGTERM, and the same folder gives the same shop with the same keys', async () => {
  const { keys, hosts } = shop;
  expect(await shop.end()).toBe(0);
  shop = await shop.again();
  expect({ keys: shop.keys, hosts: shop.hosts }).toEqual({ keys, hosts });
});

test('a second one on the same folder says where the first one is, and a mistyped flag what there is', async () => {
  const env = { KASSA_DATA_DIR: join(folder, 'first'), DATABASE_URL: inject('checks_run').database_url };
  const first = await run([], env, /^buyer b /m);
  expect(first.said.out).toMatch(/^shop +http:\/\/127\.0\.0\.1:[0-9]+ +also as shop\.test and other\.test$/m);
  const second = await run(['--json'], env);
  expect([await second.ended, second.said.out]).toEqual([3, '']);
  expect(second.said.err).toMatch(
    /^This shop runs already, at http:\/\/localhost:[0-9]+: stop it, or set KASSA_DATA_DIR/,
  );
  const wrong = await run(['--jsn'], env);
  expect([await wrong.ended, wrong.said.err]).toEqual([2, expect.stringContaining('--json')]);
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
});
