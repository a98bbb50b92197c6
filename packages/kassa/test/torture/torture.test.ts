// Goal: a shop's hooks that would do something twice, or never, are found before a buyer finds them; good ones pass.
// Method: `kassa torture` as a process of its own on real Postgres, with hooks as shops write them, one good and three
// with a mistake that people make.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { serverUrl } from '../setup/database.ts';

const COMMAND = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const SHOP = fileURLToPath(new URL('./shop', import.meta.url));
const AT_MOST_MS = 120_000;

interface Tortured {
  readonly code: number | null;
  readonly out: string;
  readonly said: ReadonlyMap<string, Record<string, unknown>>;
}

async function tortured(...args: readonly string[]): Promise<Tortured> {
  const all = ['torture', ...args, '--json', '--server', await serverUrl()];
  const child = spawn(process.execPath, [COMMAND, ...all], { cwd: SHOP, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const objects = out.split('\n').filter((line) => line.startsWith('{"what"'));
  const lines = objects.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, out, said: new Map(lines.map((line) => [String(line.what), line])) };
}

interface Failure {
  readonly seed: number;
  readonly orders: number;
  readonly struck: readonly { readonly at: number; readonly name: string }[];
  readonly story: readonly string[];
  readonly findings: readonly { readonly what: string; readonly sentence: string; readonly cure: string }[];
  readonly replay: string;
}

test(
  'hooks that hand their keys on and write by commit survive every schedule',
  async () => {
    const { code, out, said } = await tortured('good.hooks.ts', '--schema', 'guests.sql', '--runs', '12');
    expect(code, out).toBe(0);
    const { schedules, blows, effects } = said.get('done') ?? {};
    expect(schedules).toBe(12);
    expect(Number(blows)).toBeGreaterThan(12);
    expect(Number(effects)).toBeGreaterThan(12);
  },
  AT_MOST_MS,
);

test(
  'a hook that forgets the key is found, with one blow that shows it, and its replay shows it again',
  async () => {
    const { code, out, said } = await tortured('forgets-key.hooks.ts', '--runs', '100');
    expect(code, out).toBe(1);
    const { findings, struck, seed, orders, story, replay } = said.get('failed') as unknown as Failure;
    expect(findings[0]).toMatchObject({ what: 'doubled' });
    expect(findings[0]?.sentence).toMatch(/^POST https:\/\/arena\.example\/seats .* 1 in calm weather, 2 here$/);
    expect(findings[0]?.cure).toContain('idempotency_key');
    expect(struck).toHaveLength(1);
    expect(orders).toBe(1);
    const schedule = struck.map(({ at, name }) => `${at}:${name}`).join(',');
    expect(replay).toContain(`--seed ${seed} --orders 1 --schedule ${schedule}`);
    const which = ['--seed', String(seed), '--orders', String(orders)];
    const again = await tortured('forgets-key.hooks.ts', ...which, '--schedule', schedule);
    expect(again.code).toBe(1);
    expect((again.said.get('failed') as unknown as Failure).story).toEqual(story);
    const calm = await tortured('forgets-key.hooks.ts', ...which, '--schedule', 'calm');
    expect(calm.code, calm.out).toBe(0);
  },
  AT_MOST_MS,
);

test(
  'a hook that swallows an error is found: what a calm day does is missing',
  async () => {
    const { code, out, said } = await tortured('swallows.hooks.ts', '--runs', '100');
    expect(code, out).toBe(1);
    const { findings, struck } = said.get('failed') as unknown as Failure;
    expect(findings).toMatchObject([{ what: 'missing' }]);
    expect(findings[0]?.sentence).toContain('1 in calm weather, 0 here');
    expect(struck).toHaveLength(1);
  },
  AT_MOST_MS,
);

test(
  'clients that do not use fetch are watched through stand-ins, and a key made anew at each try is no key',
  async () => {
    const { code, out, said } = await tortured('doors.hooks.ts', '--stand-ins', 'doors.stand-ins.ts', '--runs', '100');
    expect(code, out).toBe(1);
    const { findings } = said.get('failed') as unknown as Failure;
    expect(findings[0]).toMatchObject({ what: 'doubled' });
    expect(findings[0]?.sentence).toContain('doors.open');
    expect(findings[0]?.cure).toContain('made anew');
  },
  AT_MOST_MS,
);

test('what cannot be judged says why, and is not called good', async () => {
  const broken = await tortured('doors.hooks.ts', '--runs', '1');
  expect(broken.code, broken.out).toBe(2);
  expect(String(broken.said.get('no_judgement')?.sentence)).toContain('fails though nothing goes wrong');
  const absent = await tortured('no.hooks.ts');
  expect([absent.code, absent.out]).toEqual([2, `The hooks: there is no ${join(SHOP, 'no.hooks.ts')}.\n`]);
  const unknown = await tortured('good.hooks.ts', '--schedule', '3:lightning');
  expect(unknown.code).toBe(2);
  expect(unknown.out).toContain('There is no blow lightning; there are never_sent');
});
