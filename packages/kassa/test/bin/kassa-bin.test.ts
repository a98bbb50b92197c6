// Goal: `kassa` starts on any Node, or says in one sentence what to install (install trap IN12).
// Method: the real file in a small copy of the package whose main prints what it got; an old Node is played by a
// preloaded file that changes the version it reports, and by a real one where the machine has it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const BIN = new URL('../../bin/', import.meta.url).pathname;
const MAIN = `
const kind: string = 'typescript';
if (process.argv.includes('--wait')) {
  process.once('SIGTERM', () => { console.log('stopped'); process.exit(7); });
  setInterval(() => undefined, 1000);
}
if (process.argv.includes('--loaded')) console.log(process.moduleLoadList.join());
else console.log(JSON.stringify({ kind, args: process.argv.slice(2), version: process.versions.node }));
const code = process.argv.indexOf('--exit');
if (code > 0) process.exit(Number(process.argv[code + 1]));
`;
let root = '';
let bin = '';
let old = '';

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'kassa-bin-')));
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'src', 'cli'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const file of ['kassa.cjs', 'import-main.cjs']) copyFileSync(join(BIN, file), join(root, 'bin', file));
  writeFileSync(join(root, 'src', 'cli', 'main.ts'), MAIN);
  bin = join(root, 'bin', 'kassa.cjs');
  old = join(root, 'old-node.cjs');
  const versions = "{ ...process.versions, node: '20.20.2' }";
  writeFileSync(old, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
}

async function withProjectNode<Result>(use: () => Result | Promise<Result>): Promise<Result> {
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node'));
  try {
    return await use();
  } finally {
    rmSync(join(root, 'node_modules'), { recursive: true });
  }
}

test('a Node that is new enough runs the command itself', () => {
  const { status, stdout, stderr } = run(bin, 'try', '--json');
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toEqual({ kind: 'typescript', args: ['try', '--json'], version: process.versions.node });
});

test('a second start takes what the first one compiled, and carries nothing that reads TypeScript', () => {
  const reads_typescript = (): boolean => run(bin, '--loaded').stdout.includes('internal/deps/amaro');
  rmSync(join(root, 'node_modules'), { recursive: true, force: true });
  expect([reads_typescript(), reads_typescript()]).toEqual([true, false]);
});

test('an old Node without help says what to install and exits 3', () => {
  expect(run('--require', old, bin, 'dev')).toMatchObject({
    status: 3,
    stdout: '',
    stderr: 'Kassa needs Node 22.18 or newer; this is 20.20.2. Fix: nvm install 24\n',
  });
});

test("an old Node hands over to the project's own, with all arguments and the exit code", async () => {
  const { status, stdout } = await withProjectNode(() => run('--require', old, bin, 'dev', 'a b', '--exit', '5'));
  expect(status).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({ args: ['dev', 'a b', '--exit', '5'], version: process.versions.node });
});

test('a project Node that is too old itself is not taken, so nothing turns in circles', () => {
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'node'), '#!/bin/sh\necho v20.1.0\n', { mode: 0o755 });
  expect(run('--require', old, bin).status).toBe(3);
  rmSync(join(root, 'node_modules'), { recursive: true });
});

test('a stop signal reaches the process behind, which ends in its own way', async () => {
  const ended = await withProjectNode(async () => {
    const child: ChildProcess = spawn(process.execPath, ['--require', old, bin, '--wait'], { cwd: root });
    const output: string[] = [];
    child.stdout?.on('data', (part: Buffer) => {
      output.push(String(part));
      if (String(part).includes('--wait')) child.kill('SIGTERM');
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, last: output.join('').trimEnd().split('\n').at(-1) };
  });
  expect(ended).toEqual({ code: 7, last: 'stopped' });
});

test('the file itself holds nothing that an old Node cannot read', () => {
  const code = readFileSync(join(BIN, 'kassa.cjs'), 'utf8').replace(/^\s*(\/\/|\/\*\*).*$/gm, '');
  expect(code).not.toMatch(/=>|\bconst\b|\blet\b|\bclass\b|`|\basync\b|\bimport\s*\(|\?\.|\?\?|\.\.\./);
  expect(code).not.toMatch(/,\s*\)/);
});

test('a mistake while loading is shown with its stack and exits 1', () => {
  const main = join(root, 'src', 'cli', 'main.ts');
  writeFileSync(main, "throw new Error('broken on purpose');");
  const { status, stderr } = run(bin);
  writeFileSync(main, MAIN);
  expect(status).toBe(1);
  expect(stderr).toMatch(/broken on purpose[\s\S]*main\.ts:1/);
});
