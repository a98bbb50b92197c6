import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Measured, quantile, round } from './measure.ts';

const PROGRAM = `
const started = performance.now();
const { createSandbox } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)});
const loaded = performance.now();
const sandbox = createSandbox({ store: ':memory:' });
const opened = performance.now();
await (await sandbox.fetch(new Request('http://sandbox.test/v1/customers', {
  method: 'POST', headers: { authorization: 'Bearer sk_test_sandbox_bench' }, body: new URLSearchParams({ name: 'Ann' }),
}))).text();
const answered = performance.now();
await sandbox.close();
console.log(JSON.stringify([loaded - started, opened - loaded, answered - opened]));
`;

/** Each time in a process of its own, so that nothing is warm. */
export function startUp(scale: number): Measured[] {
  const runs = Math.max(3, Math.round(9 * scale));
  const all: number[][] = [];
  for (let run = 0; run < runs; run++) {
    const args = ['--input-type=module', '-e', PROGRAM];
    const { stdout, status, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    });
    if (status !== 0) throw new Error(stderr);
    all.push(JSON.parse(stdout) as number[]);
  }
  const middle = (index: number): number => {
    const column = all.map((row) => row[index] ?? Number.NaN).sort((a, b) => a - b);
    return round(quantile(column, 0.5));
  };
  const note = `${runs} processes`;
  return [
    { name: 'the package is loaded', value: middle(0), unit: 'ms', note },
    { name: "createSandbox(':memory:'), cold", value: middle(1), unit: 'ms', target: 100, note },
    { name: 'the first call after it', value: middle(2), unit: 'ms', note },
  ];
}
