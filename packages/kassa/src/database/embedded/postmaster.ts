import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Binaries } from './binaries.ts';
import { environmentFor, openPlace } from './cluster.ts';
import { exists, workingFolderOf } from './process-identity.ts';
import type { Runner } from './runner.ts';

/** What the running server wrote about itself in `postmaster.pid`. */
export interface Postmaster {
  pid: number;
  port: number;
}

const LOG_BYTES_MAX = 10_000_000;
const POLL_MS = 20;

/**
 * The server that runs on a data folder, if one does. A file left by a server that is gone is removed when its process
 * number meanwhile belongs to something else, because Postgres itself would refuse to start over it.
 */
export function runningPostmaster(data: string): Postmaster | undefined {
  const file = join(data, 'postmaster.pid');
  const lines = readIfThere(file)?.split('\n');
  if (!lines) return undefined;
  const found = { pid: Number(lines[0]), port: Number(lines[3] ?? 0) };
  if (Number.isSafeInteger(found.pid) && found.pid > 0 && serves(found.pid, data)) return found;
  rmSync(file, { force: true });
  return undefined;
}

/** Postgres works in its data folder; so does none of the programs that may have got its number since. */
function serves(pid: number, data: string): boolean {
  if (!exists(pid)) return false;
  if (process.platform !== 'linux') return true;
  return workingFolderOf(pid) === realpathSync(data);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export interface Launch {
  folder: string;
  binaries: Binaries;
  runner: Runner;
  port: number;
  /** False gives up durability for speed: for throw-away databases of tests only. */
  fsync: boolean;
  settings: Record<string, string>;
}

/** A server process that was started here. `ended` answers its last words, once it has ended. */
export interface Launched {
  pid: number | undefined;
  ended: Promise<string>;
}

/** Starts the server, detached: a Ctrl-C in the terminal must reach Kassa first, which then stops it in order. */
export function launch({ folder, binaries, runner, port, fsync, settings }: Launch): Launched {
  const place = openPlace(join(folder, 'data'), runner);
  const log_file = join(folder, 'postgres.log');
  const log_start = statSync(log_file, { throwIfNoEntry: false })?.size ?? 0;
  const log = openSync(log_file, log_start > LOG_BYTES_MAX ? 'w' : 'a', 0o600);
  const options = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // Loopback with a password is the only door; a socket would be a second one with rules of its own.
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    jit: 'off',
    ...(fsync ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...settings,
  };
  const args = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(binaries.home, 'bin', 'postgres'), ['-D', place.path, ...args], {
    cwd: binaries.home,
    env: environmentFor(binaries),
    stdio: ['ignore', log, log, ...place.stdio],
    detached: true,
    ...place.as,
  });
  closeSync(log);
  place.close();
  // The server may outlive us; our own end must not wait for it.
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', () => resolve((readIfThere(log_file) ?? '').slice(-4_000)));
  });
  return { pid: child.pid, ended };
}

/** Asks the server to end and waits: fast (clients are cut off, all is saved), then at once, then by force. */
export async function endPostmaster(data: string, { pid }: Postmaster, clock: Clock): Promise<void> {
  const steps: { signal: NodeJS.Signals; wait_ms: number }[] = [
    { signal: 'SIGINT', wait_ms: 15_000 },
    { signal: 'SIGQUIT', wait_ms: 5_000 },
    { signal: 'SIGKILL', wait_ms: 5_000 },
  ];
  for (const { signal, wait_ms } of steps) {
    if (!serves(pid, data)) return;
    process.kill(pid, signal);
    if (await isGone(() => serves(pid, data), wait_ms, clock)) return;
  }
}

async function isGone(serving: () => boolean, wait_ms: number, clock: Clock): Promise<boolean> {
  for (let waited_ms = 0; waited_ms < wait_ms; waited_ms += POLL_MS) {
    if (!serving()) return true;
    await clock.sleep(POLL_MS);
  }
  return !serving();
}

/** A port of 127.0.0.1 that is free now: the wanted one if it is, else one that the system picks. */
export async function freePort(wanted: number): Promise<number> {
  return (wanted > 0 && (await tryPort(wanted))) || (await tryPort(0)) || 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
