import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbedded } from '../../packages/kassa/src/database/embedded/index.ts';
import { closeDatabase, migrate, openDatabase } from '../../packages/kassa/src/database/index.ts';
import { silentLog } from '../../packages/kassa/src/kernel/log.ts';
import { systemClock, systemRandom } from '../../packages/kassa/src/system.ts';

/** A database with Kassa's schema, for a shop and for whoever fills it. */
export interface Place {
  readonly url: string;
  readonly client: Client;
}

/** One Postgres with a small database, made anew, and a grown one that is kept for the next run. */
export interface GrownGround {
  readonly small: Place;
  readonly grown: Place;
  close(): Promise<void>;
}

/** Delete it when it is no longer wanted: a million orders take six gigabytes. */
const GROWN_FOLDER = join(tmpdir(), 'kassa-bench-grown');
const world = { clock: systemClock(), random: systemRandom(), log: silentLog };

/** @throws MigrationRefusal when the kept database is of another Kassa: delete its folder. */
export async function openGrownGround(): Promise<GrownGround> {
  mkdirSync(GROWN_FOLDER, { recursive: true });
  const settings = { shared_buffers: '256MB', max_wal_size: '4GB' };
  const server = await startEmbedded({ ...world, folder: GROWN_FOLDER, settings });
  const admin = new Client({ connectionString: server.url });
  await admin.connect();
  await admin.query('drop database if exists bench_small with (force)');
  await admin.query('create database bench_small');
  const { rowCount } = await admin.query("select from pg_database where datname = 'bench_grown'");
  if (rowCount === 0) await admin.query('create database bench_grown');
  await admin.end();
  const small = await placeAt(server.url, 'bench_small');
  const grown = await placeAt(server.url, 'bench_grown');
  return {
    ...{ small, grown },
    async close() {
      await Promise.all([small.client.end(), grown.client.end()]);
      await server.stop();
    },
  };
}

async function placeAt(server_url: string, name: string): Promise<Place> {
  const address = new URL(server_url);
  address.pathname = `/${name}`;
  const url = address.href;
  const db = openDatabase(url, world);
  await migrate(db);
  await closeDatabase(db);
  const client = new Client({ connectionString: url });
  await client.connect();
  return { url, client };
}
