// Goal: the report says what is so, and what the README shows can be run as it stands.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { groupOf, SECTIONS } from './report-lines.ts';

const folder = join(import.meta.dirname, '../..');
const report = readFileSync(join(folder, 'CONFORMANCE.md'), 'utf8');

test('the report counts what it lists, passes all of it, and names what it was driven with', () => {
  const listed = report.match(/^- /gm)?.length ?? 0;
  const groups = [...report.matchAll(/^### .*\((\d+)\)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  const parts = [...report.matchAll(/^\| .* \| (\d+) of (\d+) \|$/gm)].map(([, passed, of]) => [passed, of]);
  expect(groups).toBe(listed);
  expect(report).toContain(`**Passes ${listed} of ${listed} checks**, and 37 of 37 pitfalls.`);
  expect(parts).toHaveLength(SECTIONS.length);
  for (const [passed, of] of parts) expect(passed).toBe(of);
  expect(parts.reduce((sum, [, of]) => sum + Number(of), 0)).toBe(listed);
  const withClient = Number(parts[0]?.[0]);
  expect(withClient).toBeGreaterThanOrEqual(200);
  expect(report).toContain(`stripe-node ${Stripe.PACKAGE_VERSION}, API ${Stripe.API_VERSION}`);
});

test('each file that the report tells of keeps its part fresh, and no other part is left over', () => {
  const all = readdirSync(join(folder, 'test'), { recursive: true, encoding: 'utf8' });
  const files = all.filter((name) => name.endsWith('.test.ts')).map((name) => groupOf(join(folder, 'test', name)));
  const told = files.filter((name) => SECTIONS.some((section) => section.files.test(name)));
  const groups = [...report.matchAll(/^### (.*) \(\d+\)$/gm)].map(([, name]) => name);
  expect(groups.sort()).toEqual(told.sort());
  for (const name of told) {
    const code = readFileSync(join(folder, 'test', `${name}.test.ts`), 'utf8');
    expect(code, name).toMatch(/^import '\.\.?\/(?:\.\.\/)?report\/kept-fresh\.ts';$/m);
  }
});

const readme = readFileSync(join(folder, 'README.md'), 'utf8');

function shown(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code = '']) => code);
}

/** Runs a program beside the package, so that it finds what it imports. Answers what it printed and how it ended. */
function run(code: string): { status: number | null; said: string } {
  const args = ['--input-type=module-typescript', '--no-warnings', '-e', code];
  const done = spawnSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8', timeout: 20_000 });
  return { status: done.status, said: `${done.stdout}${done.stderr}` };
}

test('the first program of the README runs as it stands, and its webhooks arrive', () => {
  const [code = ''] = shown('ts');
  const around = `const types: string[] = [];
    const myServer = { fetch: async (r: Request) => (types.push((await r.json()).type), new Response()) };
    ${code}
    console.log(types.at(-1), (await stripe.checkout.sessions.retrieve(session.id)).payment_status);`;
  expect(run(around)).toEqual({ status: 0, said: 'checkout.session.completed paid\n' });
});

test('the lines of the README that misbehave run as they stand', () => {
  const code = shown('ts').find((each) => each.includes('addFault')) ?? '';
  const around = `import { createSandbox } from '@kassa/sandbox';
    const [from, to] = [0, 1];
    const sandbox = createSandbox();
    ${code}
    console.log(sandbox.control.faults().length);`;
  expect(run(around)).toEqual({ status: 0, said: '0\n' });
});

test('the command of the README starts a server that the client of the README reaches', async () => {
  const [line = ''] = shown('sh');
  const [, name = '', ...args] = line.trim().split(' ');
  const bin = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin[name];
  // Any free port in place of the one shown, which may be taken on this machine.
  const child = spawn(process.execPath, [join(folder, bin), ...args.map((arg) => (arg === '4243' ? '0' : arg))]);
  onTestFinished(() => void child.kill());
  let said = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const found = /127\.0\.0\.1:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    });
    child.once('exit', () => reject(new Error(`it ended: ${said}`)));
  });
  const shownClient = shown('ts').find((code) => code.includes('new Stripe(')) ?? '';
  const [, key = '', host = ''] = /new Stripe\('(\w+)', \{ host: '([\d.]+)'/.exec(shownClient) ?? [];
  const stripe = new Stripe(key, { host, port, protocol: 'http', telemetry: false });
  expect((await stripe.customers.create({ name: 'Ann' })).name).toBe('Ann');
});
