// What ready.mjs does once it knows that this Node can read modern JavaScript. Built-in modules only.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingBrowser } from './browser.mjs';
import { isNewEnough, nodePackages, OLDEST_RUNNER, programOf, versionOf } from './first-node.mjs';
import { npmCi } from './npm-ci.mjs';
import { alone } from './set-up-lock.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const STATE = join(ROOT, '.kassa');
const LOG = join(STATE, 'setup.log');
const STAMP = join(ROOT, 'node_modules', '.kassa-ready');
const PINNED_MAJOR = 24;
const LOG_TAIL_LINES = 15;

/**
 * Makes the folder ready, or says what to do and sets a failing exit code.
 * @param {string} purpose 'start' or 'test'; a test also wants a browser
 */
export async function ready(purpose) {
  try {
    if (!isReady()) await setUp();
    if (purpose === 'test') warnAboutBrowser();
  } catch (error) {
    process.stderr.write(`kassa  set-up stopped: ${error instanceof SetUpProblem ? error.message : error.stack}\n`);
    process.exitCode = error instanceof SetUpProblem ? 3 : 1;
  }
}

/** True when the installed packages are those of this lock file on this platform. Costs one hash. */
export function isReady() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stampText();
}

class SetUpProblem extends Error {}

function stampText() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
}

async function setUp() {
  makeStateFolder();
  const onWait = (pid) =>
    say(`kassa  another set-up is running in this folder (process ${pid || '?'}); waiting for it\n`);
  await alone(join(STATE, 'setup.lock'), onWait, async () => {
    // The one we waited for may have done it all.
    if (isReady()) return;
    await install();
    requireNode();
    if (process.platform === 'win32') teachExec();
    // Last of all: whatever is cut off before this line is done again from the beginning.
    writeFileSync(STAMP, stampText());
  });
}

function makeStateFolder() {
  try {
    mkdirSync(STATE, { recursive: true });
  } catch (error) {
    throw new SetUpProblem(
      `cannot write to ${STATE} (${error.code}). Fix: make this folder yours, e.g. sudo chown -R "$USER" .`,
    );
  }
}

async function install() {
  const occasion = existsSync(STAMP) ? 'packages changed' : existsSync(dirname(STAMP)) ? 'unfinished' : 'first run';
  say(`kassa  ${occasion}: setting up (everything stays in this folder)\n`);
  const progress = startProgress('  packages ........... ');
  const { code, note } = await npmCi({ root: ROOT, state: STATE, logFile: LOG });
  if (code === 0) {
    progress.end('log: .kassa/setup.log');
    if (note !== '') say(`  note: ${note}\n`);
    return;
  }
  progress.end('failed');
  const tail = readFileSync(LOG, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  const cure = 'Fix what npm says and run the same command again';
  throw new SetUpProblem(`npm ci ended with code ${code}. ${cure}. Whole log: ${LOG}\n${tail}`);
}

/** One line, finished with the real time; on a terminal it counts while it waits. */
function startProgress(label) {
  const started_ms = Date.now();
  const seconds = () => `${Math.round((Date.now() - started_ms) / 1000)} s`;
  say(label);
  const timer = process.stderr.isTTY ? setInterval(() => say(`\r${label}${seconds()}`), 1_000) : undefined;
  return {
    end(words) {
      clearInterval(timer);
      say(`${process.stderr.isTTY ? `\r${label}` : ''}${seconds()}   ${words}\n`);
    },
  };
}

/** Scripts run on the pinned Node when its package could be installed and runs here, otherwise on the host's. */
function requireNode() {
  const pinned = join(ROOT, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (!existsSync(pinned)) linkPinnedNode(pinned);
  const pinnedVersion = versionOf(pinned);
  if (pinnedVersion !== undefined && pinnedVersion[0] === PINNED_MAJOR) return;
  // A link to a program that cannot run here (musl, an old glibc) would hide the host's good one.
  if (pinnedVersion === undefined) rmSync(pinned, { force: true });
  const host = versionOf(process.env.npm_node_execpath || process.execPath);
  if (isNewEnough(host)) return;
  throw new SetUpProblem(
    `there is no Node ${PINNED_MAJOR} package for ${process.platform}-${process.arch} and the host has ${(host || ['none']).join('.')}; ` +
      `Kassa needs ${OLDEST_RUNNER.join('.')} or newer. Fix: nvm install 24 (or: brew install node@24)`,
  );
}

/** npm 9 installs the platform's Node but does not link its program into node_modules/.bin; later ones do. */
function linkPinnedNode(link) {
  if (process.platform === 'win32') return;
  const modules = join(ROOT, 'node_modules');
  const name = nodePackages().find((candidate) => existsSync(programOf(modules, candidate)));
  if (name === undefined) return;
  // A link that leads nowhere would be in the way.
  rmSync(link, { force: true });
  symlinkSync(join('..', name, 'bin', 'node'), link);
}

/**
 * The scripts say `exec node …`, so that no shell stands between npm and the program: a shell that gets npm's SIGTERM
 * dies and leaves the program behind. The shell of Windows does not know the word; it finds this instead.
 */
function teachExec() {
  writeFileSync(join(ROOT, 'node_modules', '.bin', 'exec.cmd'), '@%*\r\n');
}

function warnAboutBrowser() {
  const reason = missingBrowser(ROOT);
  if (reason !== '') say(`browser tests will be skipped: ${reason}\n`);
}

/** Progress goes to standard error: `npm run try -- --json` must have nothing but its own lines on standard output. */
function say(text) {
  process.stderr.write(text);
}
