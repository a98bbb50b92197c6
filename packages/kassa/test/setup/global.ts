import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { discardEmbedded } from '../../src/database/embedded/index.ts';
import { identityOf, isAlive } from '../../src/database/embedded/process-identity.ts';
import { dropDatabasesOf, RUN_PREFIX, staleRuns } from './servers.ts';
import { quietWorld } from './world.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    kassa_run: { readonly folder: string; readonly run: string; readonly second_url: string | null };
  }
}

const FOLDER_PREFIX = 'kassa-test-';

/**
 * One throw-away Postgres per run of the tests. It is started by the first test that asks for a database (see
 * database.ts), so that runs without one pay nothing, and removed here at the end. What a killed run left behind is
 * found by its dead owner and removed by the next run.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeStaleFolders();
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'owner'), identityOf(process.pid));
  const run = `${RUN_PREFIX}${process.pid}_${Date.now().toString(36)}`;
  const second_url = process.env.KASSA_TEST_DATABASE_URL_2?.trim() || null;
  if (second_url) await removeStaleDatabases(second_url);
  else console.info('KASSA_TEST_DATABASE_URL_2 is not set: the tests on a second major of Postgres are skipped.');
  // Every sandbox of this run is strict, also in programs that tests start, and tells each reply outside its type here.
  const outside = join(folder, 'replies-outside-their-type');
  process.env.KASSA_SANDBOX_STRICT = outside;
  project.provide('kassa_run', { folder, run, second_url });
  return async () => {
    const violations = existsSync(outside) ? readFileSync(outside, 'utf8') : '';
    await removeRun(folder);
    if (second_url) await dropDatabasesOf(second_url, run);
    if (violations !== '') throw new Error(`The sandbox answered outside Stripe's types:\n${violations}`);
  };
}

async function removeStaleFolders(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const owner = join(tmpdir(), name, 'owner');
    if (!name.startsWith(FOLDER_PREFIX) || !existsSync(owner) || isAlive(readFileSync(owner, 'utf8'))) continue;
    await removeRun(join(tmpdir(), name));
  }
}

/** The server of a run, those that a test of the launcher started and could not end, and everything they wrote. */
async function removeRun(folder: string): Promise<void> {
  const launchers = readdirSync(folder).filter((name) => name.startsWith('launcher-'));
  for (const place of [folder, ...launchers.map((name) => join(folder, name))]) {
    await discardEmbedded(join(place, 'postgres'), quietWorld);
  }
  rmSync(folder, { recursive: true, force: true });
}

async function removeStaleDatabases(url: string): Promise<void> {
  for (const run of await staleRuns(url)) await dropDatabasesOf(url, run);
}
