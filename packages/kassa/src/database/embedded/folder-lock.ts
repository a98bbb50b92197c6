import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { identityOf, isAlive } from './process-identity.ts';
import { EmbeddedRefusal } from './refusal.ts';

const WAIT_MAX_MS = 90_000;
const POLL_MS = 50;

/**
 * Runs `work` while no other process does so for the same folder. The lock is a file that names its holder's process
 * and when that process began; it dies with the holder, because everyone who finds it asks whether the holder lives.
 * @throws EmbeddedRefusal when a living holder keeps it for 90 s, or the folder cannot be written to.
 */
export async function withFolderLock<T>(
  folder: string,
  world: { clock: Clock; random: Random },
  work: () => Promise<T>,
): Promise<T> {
  const lock = join(folder, 'launcher.lock');
  const mine = `${lock}.${process.pid}-${Buffer.from(world.random.bytes(6)).toString('hex')}`;
  announce(folder, mine);
  try {
    await take(lock, mine, world.clock);
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Our own file in the folder, which at the same time shows whether we may write there. */
function announce(folder: string, mine: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(mine, identityOf(process.pid), { mode: 0o644 });
  } catch (cause) {
    throw new EmbeddedRefusal(
      `The folder ${folder} cannot be written to (${(cause as NodeJS.ErrnoException).code}): ` +
        'give it to the user that starts Kassa, or set KASSA_DATA_DIR to a folder of your own.',
      { cause },
    );
  }
}

async function take(lock: string, mine: string, clock: Clock): Promise<void> {
  for (let waited_ms = 0; waited_ms < WAIT_MAX_MS; waited_ms += POLL_MS) {
    if (linked(mine, lock)) return;
    const holder = read(lock);
    if (holder !== undefined && !isAlive(holder) && takenAway(lock, holder, mine)) continue;
    await clock.sleep(POLL_MS);
  }
  throw new EmbeddedRefusal(
    `Another Kassa has been starting or stopping the database of this folder for 90 s (see ${lock}): ` +
      'wait for it, or end that process and start again.',
  );
}

/** The step that only one can win: a hard link to a name that does not exist yet. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes a dead holder's lock. Under a guard, or two who saw the same dead holder would remove the next one's lock.
 * False when another is at it.
 */
function takenAway(lock: string, dead: string, mine: string): boolean {
  const guard = `${lock}.takeover`;
  if (!linked(mine, guard)) {
    const other = read(guard);
    // A takeover lasts microseconds; a dead one's guard was left by a crash in the middle of it.
    if (other !== undefined && !isAlive(other)) rmSync(guard, { force: true });
    return false;
  }
  try {
    if (read(lock) === dead) rmSync(lock);
    return true;
  } finally {
    rmSync(guard, { force: true });
  }
}
