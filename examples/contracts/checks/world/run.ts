import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { embeddedUrl } from './rows.ts';
import { until } from './until.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What all checks of one run share: a folder for theirs, and a server for their databases. */
    checks_run: { readonly folder: string; readonly database_url: string; readonly first_line: string };
  }
}

const SERVER = fileURLToPath(new URL('../../server.ts', import.meta.url));
const START_WAIT_MS = 120_000;

/**
 * Starts the shop as everybody does, from nothing. Its Postgres also serves the shops that the checks start for
 * themselves, each with a database of its own. Everything of a run lies in one folder, which goes with it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-checks-'));
  const data_folder = join(folder, 'first');
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, NO_COLOR: '1', PORT: '0', KASSA_SANDBOX_PORT: '0', KASSA_DATA_DIR: data_folder };
  const first = spawn(process.execPath, [SERVER, '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  first.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  const end = async (): Promise<void> => {
    await stop(first);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('the first shop is ready', () => lineIn(out, first), START_WAIT_MS);
  } catch (error) {
    await end();
    throw error;
  }
  project.provide('checks_run', { folder, database_url: embeddedUrl(data_folder), first_line: out });
  return end;
}

function lineIn(out: string, { exitCode }: ChildProcess): true | undefined {
  if (exitCode !== null) throw new Error(`the first shop ended with ${exitCode}`);
  return out.endsWith('\n') ? true : undefined;
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  child.kill('SIGTERM');
  return new Promise((resolve) => child.once('close', () => resolve()));
}
