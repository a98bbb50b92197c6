import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Client } from 'pg';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import { type Binaries, readyBinaries } from './binaries.ts';
import { OWNER, readyCluster } from './cluster.ts';
import { withFolderLock } from './folder-lock.ts';
import { endPostmaster, freePort, type Launched, launch, runningPostmaster } from './postmaster.ts';
import { addressOf, connectTo, stayPresent } from './presence.ts';
import { EmbeddedRefusal } from './refusal.ts';
import { chooseRunner, type Runner } from './runner.ts';

export { EmbeddedRefusal } from './refusal.ts';

export interface EmbeddedOptions {
  /** Belongs to the launcher alone: holds the cluster, its port and its log. */
  folder: string;
  log: Log;
  clock: Clock;
  /** Makes the password: never a seeded one outside tests. */
  random: Random;
  /** Refused when taken. Without it the port of the last start is used again if it is free, else a free one. */
  port?: number;
  /** False gives up durability for speed: for throw-away databases of tests only. */
  fsync?: boolean;
  /** Further settings of the server, such as `{ autovacuum: 'off' }`. */
  settings?: Record<string, string>;
}

export interface Embedded {
  url: string;
  port: number;
  /** As the server says it, such as `18.4`. */
  version: string;
  /** True when the server was running already, left by a killed process or kept by another one. */
  attached: boolean;
  /** Leaves the server, and stops it when no other process uses it. Safe to call twice. */
  stop(): Promise<void>;
}

const START_WAIT_MAX_MS = 120_000;
const POLL_MS = 25;
const LAUNCHES_MAX = 60;
const RELAUNCH_WAIT_MS = 250;

/**
 * A real Postgres for this folder, made on the first call, attached to when it already runs. Two processes may call it
 * at once: one starts the server, the other attaches. Listens on 127.0.0.1 only, and only with the password.
 * @throws EmbeddedRefusal with one sentence that says what to do.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const folder = resolve(options.folder);
  const data = join(folder, 'data');
  const runner = chooseRunner(data);
  return withFolderLock(folder, options, async () => {
    const binaries = readyBinaries(runner, folder);
    const password = await readyCluster(folder, binaries, runner, options);
    const found = await attach(data, password, options);
    const { client, port } = found ?? (await start({ folder, password, binaries, runner }, options));
    await makeDatabase(client);
    const version = await versionOf(client);
    const presence = stayPresent(client, (lost) => connectTo(port, password, lost), options);
    let stopped: Promise<void> | undefined;
    return {
      url: addressOf(port, password, OWNER),
      port,
      version,
      attached: found !== undefined,
      stop: () => {
        stopped ??= withFolderLock(folder, options, async () => {
          const company = await presence.leave();
          const server = runningPostmaster(data);
          if (server && company === 'alone') return endPostmaster(data, server, options.clock);
          // Others may depend on it; and one that keeps running is attached to by the next start.
          if (server) options.log.info({ folder, company }, 'the Postgres of this folder keeps running');
        });
        return stopped;
      },
    };
  });
}

/** Ends whatever runs on a throw-away folder and deletes the folder. For what a killed test run left behind. */
export async function discardEmbedded(folder: string, world: { clock: Clock; random: Random }): Promise<void> {
  if (!existsSync(folder)) return;
  await withFolderLock(resolve(folder), world, async () => {
    const server = runningPostmaster(join(folder, 'data'));
    if (server) await endPostmaster(join(folder, 'data'), server, world.clock);
  });
  rmSync(folder, { recursive: true, force: true });
}

interface Connected {
  client: Client;
  port: number;
}

/** Joins a server that runs on the folder; waits for one that is still recovering or already on its way down. */
async function attach(data: string, password: string, { clock, log }: EmbeddedOptions): Promise<Connected | undefined> {
  for (let waited_ms = 0; waited_ms < START_WAIT_MAX_MS; waited_ms += POLL_MS) {
    const server = runningPostmaster(data);
    if (!server) return undefined;
    const client = await tryConnect(server.port, password);
    if (client) {
      log.info({ port: server.port, pid: server.pid }, 'attached to the Postgres that runs on this folder');
      return { client, port: server.port };
    }
    await clock.sleep(POLL_MS);
  }
  throw new EmbeddedRefusal(
    `A Postgres runs on ${data} and has not let Kassa in for ${START_WAIT_MAX_MS / 1000} s: ` +
      'see postgres.log beside it, or end that process and start again.',
  );
}

interface Seat {
  folder: string;
  password: string;
  binaries: Binaries;
  runner: Runner;
}

async function start(seat: Seat, options: EmbeddedOptions): Promise<Connected> {
  const port_file = join(seat.folder, 'port');
  let wanted = options.port ?? (existsSync(port_file) ? Number(readFileSync(port_file, 'utf8')) : 0);
  for (let launches = 0; launches < LAUNCHES_MAX; launches += 1) {
    const port = await freePort(wanted);
    if (options.port && port !== options.port) {
      throw new EmbeddedRefusal(
        `Port ${options.port} of 127.0.0.1 is taken: free it, or name another one for Postgres.`,
      );
    }
    const { fsync = true, settings = {} } = options;
    const launched = launch({ ...seat, port, fsync, settings });
    const outcome = await waitForStart(launched, port, seat.password, options.clock);
    if (typeof outcome !== 'string') {
      writeFileSync(port_file, String(port));
      return { client: outcome, port };
    }
    // Somebody took the port in between, or a killed server's children have not ended yet: both pass.
    if (outcome.includes('could not bind')) wanted = 0;
    else if (/pre-existing shared memory|lock file "postmaster.pid"/.test(outcome))
      await options.clock.sleep(RELAUNCH_WAIT_MS);
    else
      throw new EmbeddedRefusal(
        `Postgres could not start: ${reasonIn(outcome)} (log: ${join(seat.folder, 'postgres.log')})`,
      );
  }
  throw new EmbeddedRefusal(
    `An earlier Postgres on ${seat.folder} has not ended: end its processes and start again (see postgres.log there).`,
  );
}

/** A session once the server lets us in, or the server's last words. */
async function waitForStart(
  launched: Launched,
  port: number,
  password: string,
  clock: Clock,
): Promise<Client | string> {
  let last_words: string | undefined;
  void launched.ended.then((words) => {
    last_words = words || 'it ended without a word';
  });
  for (let waited_ms = 0; waited_ms < START_WAIT_MAX_MS; waited_ms += POLL_MS) {
    if (last_words !== undefined) return last_words;
    const client = await tryConnect(port, password);
    if (client) return client;
    await clock.sleep(POLL_MS);
  }
  if (launched.pid) process.kill(launched.pid, 'SIGQUIT');
  return `it has not answered for ${START_WAIT_MAX_MS / 1000} s`;
}

/** A session, or undefined while the server cannot give one yet. */
async function tryConnect(port: number, password: string): Promise<Client | undefined> {
  try {
    return await connectTo(port, password);
  } catch (error) {
    const { code } = error as { code?: string };
    // Not listening yet (ECONNREFUSED), cut while starting or stopping (ECONNRESET), "is starting up" (57P03), …
    if (code === undefined || /^(E[A-Z]+|57P0.|08...|53300)$/.test(code)) return undefined;
    throw new EmbeddedRefusal(`The Postgres of this folder refuses Kassa's own password: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function reasonIn(words: string): string {
  const lines = words.trim().split('\n');
  const fatal = lines.findLast((line) => /FATAL|PANIC|error/i.test(line)) ?? lines.at(-1) ?? '';
  return fatal.replace(/^.*?(FATAL|PANIC):\s*/, '');
}

async function makeDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [OWNER]);
  if (rowCount === 0) await client.query(`create database ${OWNER}`);
}

async function versionOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  return rows[0]?.server_version.split(' ')[0] ?? '';
}
