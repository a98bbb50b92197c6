// Goal: whoever types something wrong, or starts where something is missing, reads one sentence and gets the right code.
// Method: the command line itself; where the environment matters, the real command in a process of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import about from '../../package.json' with { type: 'json' };
import { commandLine } from '../../src/cli/command-line.ts';
import { anyFreePort, firstFreePort } from '../../src/cli/ports.ts';
import { BLUE_HALL, kassa } from './kassa-process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-usage-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(args: string[], env: Record<string, string> = {}) {
  const one = kassa(args, { cwd: folder, env: { KASSA_DATA_DIR: join(folder, 'shop'), ...env } });
  const code = await one.ended;
  return { code, out: one.out(), err: one.err() };
}

/** The command line without a process around it. */
async function type(...args: string[]) {
  let [out, err] = ['', ''];
  const code = await commandLine(args, {
    out: {
      write(text) {
        out += text;
      },
    },
    err: {
      write(text) {
        err += text;
      },
    },
  });
  return { code, out, err };
}

test('kassa tells its version, and what it can do', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, out: `${about.version}\n`, err: '' });
  const help = await type('--help');
  expect(help).toMatchObject({ code: 0, err: '' });
  for (const command of ['dev', 'start', 'try', 'migrate']) expect(help.out).toMatch(new RegExp(`^ +${command} `, 'm'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape of colours is what must not be there
  expect(help.out).not.toMatch(/\u001b/);
  expect((await type()).out).toBe(help.out);
  expect((await type('try', '--help')).out).toContain('--sandbox-url=<address>');
});

test('wrong usage is answered with the nearest right word and code 2', async () => {
  const cases: [string[], string][] = [
    [['dve'], 'kassa has no command "dve"; did you mean "dev"? See kassa --help.\n'],
    [['constructor'], 'kassa has no command "constructor". See kassa --help.\n'],
    [['try', '--ulr', 'x'], 'kassa try has no --ulr; did you mean "--url"? See kassa try --help.\n'],
    [['try', '--url', 'localhost'], '--url takes an address such as http://localhost:4242, not "localhost".\n'],
    [['dev', '--config'], '--config needs a value. See kassa dev --help.\n'],
    [['simulate', '--trace', '-', '--runs', 'x'], '--runs takes a whole number, not "x".\n'],
    [['dev', '--__proto__'], 'kassa dev has no --__proto__. See kassa dev --help.\n'],
    [['adopt'], 'Missing required positional argument: ID. See kassa adopt --help.\n'],
    [['migrate', 'now'], 'kassa migrate takes no "now". See kassa migrate --help.\n'],
  ];
  for (const [args, sentence] of cases) expect(await type(...args)).toEqual({ code: 2, out: '', err: sentence });
  expect((await run(['dve'])).code).toBe(2);
});

test('a shop that does not answer cannot be tried', async () => {
  for (const url of [`http://127.0.0.1:${await anyFreePort()}`, 'https://[::1]:1']) {
    const { code, err } = await type('try', '--url', url);
    expect(code).toBe(3);
    expect(err).toContain(`Nothing answers at ${url}`);
  }
});

test('surroundings that do not fit are one sentence and code 3', async () => {
  const blue_hall = ['--config', BLUE_HALL];
  const cases: [string[], Record<string, string>, string][] = [
    [['dev'], {}, 'There is no kassa.config.ts in '],
    [['start', ...blue_hall], { STRIPE_SECRET_KEY: 'pk_test_1234' }, 'STRIPE_SECRET_KEY must begin with sk_test_'],
    [
      ['dev', ...blue_hall],
      { STRIPE_SECRET_KEY: 'sk_live_1234567890', FRONTEND_URL: 'https://shop.example' },
      'kassa dev never takes real money',
    ],
    [
      ['migrate', ...blue_hall],
      { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' },
      'The database does not answer: check DATABASE_URL.',
    ],
  ];
  for (const [args, env, sentence] of cases) {
    const { code, err } = await run(args, env);
    expect({ args, code }).toEqual({ args, code: 3 });
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/\n\s+at |sk_live_1234567890/);
  }
}, 120_000);

test('a port that is taken is passed over, and one that is spoken for too', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  expect(await firstFreePort(port, '127.0.0.1')).not.toBe(port);
  expect(await firstFreePort(port, '127.0.0.1', [port + 1])).not.toBe(port + 1);
  await new Promise((resolve) => taken.close(resolve));
});
