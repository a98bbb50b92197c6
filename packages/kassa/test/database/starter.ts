import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { inject } from 'vitest';
import { discardEmbedded } from '../../src/database/embedded/index.ts';
import { quietWorld } from '../setup/world.ts';

export interface Started {
  readonly url: string;
  readonly port: number;
  readonly attached: boolean;
  readonly pid: number;
  readonly refused?: string;
  readonly name?: string;
}

/** Another process that starts the database of a folder. */
export interface Starter {
  readonly process: ChildProcess;
  said(): Promise<Started>;
  /** Asks it to stop in order, and waits until it has. */
  stop(): Promise<void>;
  /** Kills its whole process group, as a closed terminal or a stopped container does. */
  kill(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('./embedded-starter.ts', import.meta.url));

export function spawnStarter(folder: string, as: { uid?: number; gid?: number } = {}): Starter {
  const child = spawn(process.execPath, [SCRIPT, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
    detached: true,
    ...as,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
  ended.catch(() => undefined);
  const line = async (): Promise<unknown> => {
    const { value, done } = await Promise.race([lines.next(), ended.then(() => lines.next())]);
    if (done) throw new Error('the starter ended without a word');
    return JSON.parse(value);
  };
  return {
    process: child,
    said: async () => (await line()) as Started,
    async stop() {
      child.stdin.end('stop\n');
      await line();
      await ended;
    },
    async kill() {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}

/** A new folder that every user may enter, and its removal with whatever still runs in it; a killed test's goes with the run. */
export function newFolder(mode = 0o755): { home: string; folder: string; remove(): Promise<void> } {
  const home = mkdtempSync(join(inject('kassa_run').folder, 'launcher-'));
  chmodSync(home, mode);
  const folder = join(home, 'postgres');
  return {
    home,
    folder,
    async remove() {
      await discardEmbedded(folder, quietWorld);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A copy of a stopped server's folder, with the owners of its files: much quicker than making a new one. */
export function copyFolder(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  execFileSync('cp', ['-pR', from, to]);
}

/** One question on a session of its own. */
export async function ask<T>(url: string, question: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(question);
    return rows as T[];
  } finally {
    await client.end().catch(() => undefined);
  }
}
