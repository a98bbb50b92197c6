import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbedded } from '../../packages/kassa/src/database/embedded/index.ts';
import { closeDatabase, migrate, openDatabase } from '../../packages/kassa/src/database/index.ts';
import { silentLog } from '../../packages/kassa/src/kernel/log.ts';
import { systemClock, systemRandom } from '../../packages/kassa/src/system.ts';
import { COUNTING } from '../report/statements.ts';

/** A Postgres of the bench's own, durable as in production, with a database for R and one for Kassa. */
export interface Ground {
  readonly version: string;
  readonly postmaster: number;
  readonly reference_url: string;
  readonly kassa_url: string;
  /** For files of the servers under test. */
  readonly folder: string;
  /** Looks into, and empties, the databases; nothing under test uses them. */
  readonly reference: Client;
  readonly kassa: Client;
  close(): Promise<void>;
}

const REFERENCE_TABLE = `
  create table reference_events (
    id text primary key, type text not null, body text not null, received_at timestamptz not null default now())`;

const world = { clock: systemClock(), random: systemRandom(), log: silentLog };

/**
 * Starts a Postgres in a new folder below the system's temporary one and migrates Kassa's database.
 * @param counts_statements also has it count what each statement costs (`writeStatements`).
 * @throws Error when the server would not be durable: figures of such a server say nothing.
 */
export async function openGround(counts_statements = false): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-bench-'));
  const settings = counts_statements ? COUNTING : {};
  const server = await startEmbedded({ ...world, folder: join(folder, 'postgres'), settings });
  const admin = await connected(server.url);
  await admin.query('create database bench_reference');
  await admin.query('create database bench_kassa');
  await assertDurable(admin);
  await admin.end();
  const reference_url = withDatabase(server.url, 'bench_reference');
  const kassa_url = withDatabase(server.url, 'bench_kassa');
  const reference = await connected(reference_url);
  await reference.query(REFERENCE_TABLE);
  const db = openDatabase(kassa_url, world);
  await migrate(db);
  await closeDatabase(db);
  const kassa = await connected(kassa_url);
  if (counts_statements) await kassa.query('create extension pg_stat_statements');
  return {
    version: server.version,
    postmaster: Number(readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]),
    ...{ reference_url, kassa_url, folder, reference, kassa },
    async close() {
      await Promise.all([reference.end(), kassa.end()]);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  // The server is killed on purpose by one benchmark; whoever asks next is told.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function assertDurable(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')",
  );
  const off = rows.filter((row) => row.setting !== 'on');
  if (off.length > 0) throw new Error(`the server is not durable: ${off.map((row) => row.name).join(', ')}`);
}

function withDatabase(url: string, name: string): string {
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
}
