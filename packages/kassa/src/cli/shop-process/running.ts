import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../../app.ts';
import { Exit } from '../printer.ts';

/** Who runs the shop of a data folder, as the file `running.json` there tells it. */
export interface RunningNote {
  readonly pid: number;
  /** Null while it is still starting. */
  readonly url: string | null;
  /** Where its stand-in for Stripe listens; null with a Stripe key. */
  readonly sandbox_url: string | null;
}

export interface Claim {
  /** Says where the shop and its sandbox can be reached, for the next one who starts it and for commands. */
  announce(url: string, sandbox_url: string | null): void;
  /** Takes the note away. A killed process leaves it behind, and the next start sees that nobody answers. */
  release(): void;
}

const FILE = 'running.json';
const START_WAIT_MS = 120_000;
const GO_WAIT_MS = 10_000;
const POLL_MS = 100;

/**
 * Makes this process the one that runs the shop of a data folder, or answers who does. Two processes that start at the
 * same moment end up as one that runs and one that knows its address.
 * @throws Exit 3 when another start neither finishes nor ends.
 */
export async function claimRunning(data_folder: string, world: World): Promise<Claim | { readonly url: string }> {
  const file = join(data_folder, FILE);
  mkdirSync(data_folder, { recursive: true });
  for (let waited_ms = 0; waited_ms < START_WAIT_MS; waited_ms += POLL_MS) {
    if (writeIfAbsent(file, { pid: process.pid, url: null, sandbox_url: null })) return claimOf(file);
    const note = readNote(file);
    // In a container a killed shop and its next start often have the same number.
    if (note && note.pid !== process.pid && isAlive(note.pid)) {
      if (note.url !== null && (await answers(note.url, world))) return { url: note.url };
      // Starting, or on its way out. A process number that was given to another program ends the waiting too.
      if (note.url === null || waited_ms < GO_WAIT_MS) {
        await world.clock.sleep(POLL_MS);
        continue;
      }
    }
    rmSync(file, { force: true });
  }
  throw new Exit(3, `Another start of this shop has not finished: end it, or remove ${file}.`);
}

/** Whether a process that lives has a shop in this folder, or is about to. */
export function isRunningIn(data_folder: string): boolean {
  const note = readNote(join(data_folder, FILE));
  return note !== undefined && isAlive(note.pid);
}

/** Who runs the shop of a data folder at this moment, when it can be reached. */
export async function runningAt(data_folder: string, world: World): Promise<RunningNote | undefined> {
  const note = readNote(join(data_folder, FILE));
  if (!note || note.url === null || !isAlive(note.pid)) return undefined;
  return (await answers(note.url, world)) ? note : undefined;
}

function claimOf(file: string): Claim {
  return {
    announce(url, sandbox_url) {
      writeFileSync(`${file}.new`, JSON.stringify({ pid: process.pid, url, sandbox_url }));
      renameSync(`${file}.new`, file);
    },
    release() {
      if (readNote(file)?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}

/** True when it was not there: the file appears complete or not at all. */
function writeIfAbsent(file: string, note: RunningNote): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(note));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readNote(file: string): RunningNote | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const note = JSON.parse(readFileSync(file, 'utf8')) as Partial<RunningNote>;
    const { pid, url = null, sandbox_url = null } = note;
    return typeof pid === 'number' ? { pid, url, sandbox_url } : undefined;
  } catch (error) {
    // Removed in between, or cut short by a full disk: nobody stands behind it.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function answers(url: string, { http }: World): Promise<boolean> {
  try {
    return (await http(new Request(new URL('/livez', url)))).ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
