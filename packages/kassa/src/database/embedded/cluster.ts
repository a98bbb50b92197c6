import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { Random } from '../../kernel/random.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedRefusal } from './refusal.ts';
import { canReach, giveTo, type Runner } from './runner.ts';

/** The one user of the embedded server, and the name of its database. */
export const OWNER = 'kassa';

export interface ClusterWorld {
  /** False skips the disk's confirmation: for throw-away clusters. */
  fsync?: boolean;
  clock: Clock;
  random: Random;
  log: Log;
}

/**
 * Makes sure that `folder/data` is a complete cluster of our major version and answers its password.
 * A new one is made under another name and renamed when complete: what is called `data` is never half-made by us.
 * A `data` folder that is half-made all the same is moved aside, never deleted.
 * @throws EmbeddedRefusal when the cluster belongs to another major version, or cannot be made.
 */
export async function readyCluster(
  folder: string,
  binaries: Binaries,
  runner: Runner,
  world: ClusterWorld,
): Promise<string> {
  const data = join(folder, 'data');
  if (existsSync(data) && !isComplete(data)) moveAside(data, world);
  if (!existsSync(data)) await make(folder, data, { binaries, runner, world });
  const made_by = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (made_by !== binaries.major) {
    throw new EmbeddedRefusal(
      `The data folder ${data} was made by Postgres ${made_by} and this Kassa brings Postgres ${binaries.major}, ` +
        `which cannot open it: set DATABASE_URL to a Postgres ${made_by} that serves it, or set KASSA_DATA_DIR to a new folder.`,
    );
  }
  return readFileSync(passwordFile(data), 'utf8').trim();
}

/** The password lies inside the cluster, so that the two can only appear, move and vanish together. */
function passwordFile(data: string): string {
  return join(data, 'kassa-password');
}

function isComplete(data: string): boolean {
  return [join(data, 'PG_VERSION'), join(data, 'global', 'pg_control'), passwordFile(data)].every((path) =>
    existsSync(path),
  );
}

function moveAside(data: string, { clock, log }: ClusterWorld): void {
  const aside = `${data}.half-made-${clock.now().toISOString().replaceAll(':', '-')}`;
  renameSync(data, aside);
  log.warn(
    { folder: data, moved_to: aside },
    'the data folder was half-made; it was moved aside and a new one is made',
  );
}

/** Runs `initdb` into a folder of its own, then gives the result its final name. Call under the folder's lock. */
async function make(
  folder: string,
  data: string,
  { binaries, runner, world }: { binaries: Binaries; runner: Runner; world: ClusterWorld },
): Promise<void> {
  // We hold the lock, so an unfinished one can only belong to a starter that was killed. It never held anything.
  for (const name of readdirSync(folder)) {
    if (name.startsWith('data.making')) rmSync(join(folder, name), { recursive: true, force: true });
  }
  const making = join(folder, 'data.making');
  const secret = join(folder, 'data.making-password');
  const password = Buffer.from(world.random.bytes(24)).toString('base64url');
  mkdirSync(making, { mode: 0o700 });
  writeFileSync(secret, `${password}\n`, { mode: 0o600 });
  for (const path of [making, secret]) giveTo(runner, path);
  try {
    const sentence = await initdb({ making, secret, binaries, runner, fsync: world.fsync ?? true });
    if (sentence) throw new EmbeddedRefusal(whyNotMade(sentence, making));
    // No line but this one: no socket, no other address, nobody without the password.
    writeFileSync(join(making, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n', { mode: 0o600 });
    writeFileSync(passwordFile(making), `${password}\n`, { mode: 0o600 });
    giveTo(runner, making);
    renameSync(making, data);
  } finally {
    rmSync(secret, { force: true });
    rmSync(making, { recursive: true, force: true });
  }
}

function whyNotMade(sentence: string, making: string): string {
  if (!sentence.includes('could not look up effective user ID')) {
    return `Postgres could not make a new cluster in ${making}: ${sentence}`;
  }
  return (
    `Postgres makes a cluster only for a user that this system knows by name, and uid ${process.getuid?.()} has none: ` +
    'start Kassa as a named user (in a container for example --user node), or set DATABASE_URL.'
  );
}

interface Making {
  making: string;
  secret: string;
  binaries: Binaries;
  runner: Runner;
  fsync: boolean;
}

/** Answers what initdb complained of, or undefined when it succeeded. */
function initdb({ making, secret, binaries, runner, fsync }: Making): Promise<string | undefined> {
  const place = openPlace(making, runner);
  const input = openSync(secret, 'r');
  const args = [
    '-D',
    place.path,
    '--username',
    OWNER,
    // Standard input, because the runner may be unable to walk to the file itself.
    `--pwfile=${process.platform === 'win32' ? secret : '/dev/stdin'}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorts by code point on every computer, yet knows the upper and lower case of all letters.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(fsync ? [] : ['--no-sync']),
  ];
  return new Promise((resolve) => {
    const child = spawn(join(binaries.home, 'bin', 'initdb'), args, {
      cwd: binaries.home,
      env: environmentFor(binaries),
      stdio: [input, 'ignore', 'pipe', ...place.stdio],
      ...place.as,
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    const end = (sentence: string | undefined): void => {
      closeSync(input);
      place.close();
      resolve(sentence);
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (code) => end(code === 0 ? undefined : said.trim().replaceAll('\n', ' ') || `exit ${code}`));
  });
}

/** How a program of Postgres is told of the data folder. */
export interface Place {
  /** What follows `-D`. */
  path: string;
  /** Descriptors to hand over behind the usual three. */
  stdio: number[];
  as: { uid?: number; gid?: number };
  close(): void;
}

/**
 * Root's repository often lies where no other user may enter (/root, `mktemp -d`). There the folder itself is handed
 * over as an open descriptor, which needs no walk from the root: permissions above it stay as they are.
 * @throws EmbeddedRefusal where descriptors have no path (only Linux gives them one).
 */
export function openPlace(data: string, runner: Runner): Place {
  const as = runner.drops_root ? { uid: runner.uid, gid: runner.gid } : {};
  if (!runner.drops_root || canReach(data, runner)) return { path: data, stdio: [], as, close: () => undefined };
  if (process.platform !== 'linux') {
    throw new EmbeddedRefusal(
      `Postgres does not run as root, and no other user can enter ${data}: start Kassa as an ordinary user, ` +
        'or set KASSA_DATA_DIR to a folder that every user can enter.',
    );
  }
  const descriptor = openSync(data, 'r');
  return { path: '/proc/self/fd/3', stdio: [descriptor], as, close: () => closeSync(descriptor) };
}

/** Nothing of our environment reaches Postgres: neither secrets nor PG* settings of the person who starts. */
export function environmentFor(binaries: Binaries): Record<string, string> {
  const loader = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  const links = binaries.library_path ? { [loader]: binaries.library_path } : {};
  const windows = process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot ?? 'C:\\Windows' } : {};
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC', ...links, ...windows };
}
