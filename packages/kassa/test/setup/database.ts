import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, inject, test } from 'vitest';
import { startEmbedded } from '../../src/database/embedded/index.ts';
import { closeDatabase, type Database, migrate, type OpenOptions, openDatabase } from '../../src/database/index.ts';
import { giveBack, shapeOf, takeGivenBack } from './lent-databases.ts';
import { asAdmin, withDatabase } from './servers.ts';
import { quietWorld, realRandom } from './world.ts';

/** A database of one's own, migrated and empty; nobody else is in it until it is dropped. */
export interface FreshDatabase {
  readonly db: Database;
  readonly url: string;
  /** Closes `db` and deletes the database or empties it for another test. What is not dropped goes with the run. */
  drop(): Promise<void>;
}

/** `first` is the embedded server of this run, `second` the one that KASSA_TEST_DATABASE_URL_2 names. */
export type Server = 'first' | 'second';

const SHAPE_FILE = 'template-shape';
const TEMPLATE_LOCK = 4_713_150_728;
let embedded: Promise<{ url: string }> | undefined;

/**
 * Copies the migrated template, or lends what another test gave back: one per test file, or one per test where tests would disturb each other.
 * `options` are handed to `openDatabase`; the clock, the chance and the log are real and quiet unless given.
 */
export async function freshDatabase(
  options: Partial<OpenOptions> = {},
  server: Server = 'first',
): Promise<FreshDatabase> {
  const admin_url = await serverUrl(server);
  const { folder } = inject('kassa_run');
  const name = (server === 'first' && takeGivenBack(folder)) || (await copyTemplate(admin_url));
  const url = withDatabase(admin_url, name);
  const db = openDatabase(url, { ...quietWorld, ...options });
  return {
    db,
    url,
    async drop() {
      await closeDatabase(db);
      if (server === 'first' && (await giveBack(folder, name, url, templateShape(folder)))) return;
      await asAdmin(admin_url, (client) => client.query(`drop database if exists "${name}" with (force)`));
    },
  };
}

/** The address of a test server as its administrator; starts the embedded one when nobody has yet. */
export async function serverUrl(server: Server = 'first'): Promise<string> {
  const { folder, second_url } = inject('kassa_run');
  if (server === 'second') {
    if (!second_url) throw new Error('set KASSA_TEST_DATABASE_URL_2 to the address of a second Postgres');
    return second_url;
  }
  // Every worker process attaches to the one server; the run's end removes it.
  embedded ??= startEmbedded({
    ...quietWorld,
    folder: join(folder, 'postgres'),
    fsync: false,
    settings: { max_connections: '200', autovacuum: 'off' },
  });
  return (await embedded).url;
}

/** Runs the same tests on the embedded server and, when one is given, on a second major of Postgres. */
export function onEachServer(define: (server: Server) => void): void {
  describe('on the embedded Postgres', () => define('first'));
  if (inject('kassa_run').second_url) describe('on a second major of Postgres', () => define('second'));
  else test.skip('on a second major of Postgres: skipped, KASSA_TEST_DATABASE_URL_2 is not set');
}

async function copyTemplate(admin_url: string): Promise<string> {
  const template = await readyTemplate(admin_url);
  const name = `${inject('kassa_run').run}_${Buffer.from(realRandom.bytes(6)).toString('hex')}`;
  await asAdmin(admin_url, (client) => client.query(`create database "${name}" template "${template}"`));
  return name;
}

const templateShape = (folder: string): string => readFileSync(join(folder, SHAPE_FILE), 'utf8');

/** Made once per run and server, under a lock of the server, by whoever comes first. */
function readyTemplate(admin_url: string): Promise<string> {
  const template = `${inject('kassa_run').run}_template`;
  return asAdmin(admin_url, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
    if (rowCount === 1) return template;
    // Renamed when complete: a run that fails in a migration never leaves half a template to the next test.
    const making = `${template}_making`;
    await client.query(`drop database if exists "${making}" with (force)`);
    await client.query(`create database "${making}" template template0 encoding 'UTF8'`);
    const db = openDatabase(withDatabase(admin_url, making), quietWorld);
    try {
      await migrate(db);
    } finally {
      await closeDatabase(db);
    }
    const shape = await asAdmin(withDatabase(admin_url, making), shapeOf);
    writeFileSync(join(inject('kassa_run').folder, SHAPE_FILE), shape);
    await client.query(`alter database "${making}" rename to "${template}"`);
    return template;
  });
}
