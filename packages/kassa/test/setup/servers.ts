import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import pg from 'pg';
import { exists } from '../../src/database/embedded/process-identity.ts';

/** Begins the name of every database that tests of this computer make, so that nobody else's is ever touched. */
export const RUN_PREFIX = `kassa_test_${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}_`;

/** One session for one task of the administrator of a test server. */
export async function asAdmin<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function withDatabase(url: string, name: string): string {
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
}

/** Runs of this computer whose process is gone but whose databases are still on the server. */
export async function staleRuns(url: string): Promise<string[]> {
  const names = await databasesLike(url, RUN_PREFIX);
  const owners = new Map(names.flatMap((name) => ownerOf(name)));
  return [...owners].filter(([, pid]) => !exists(pid)).map(([run]) => run);
}

function ownerOf(name: string): [run: string, pid: number][] {
  const [, run = '', pid] = /^(kassa_test_[0-9a-f]{8}_(\d+)_[0-9a-z]+)_/.exec(name) ?? [];
  return pid === undefined ? [] : [[run, Number(pid)]];
}

export async function dropDatabasesOf(url: string, run: string): Promise<void> {
  for (const name of await databasesLike(url, `${run}_`)) {
    await asAdmin(url, (client) => client.query(`drop database if exists "${name}" with (force)`));
  }
}

async function databasesLike(url: string, prefix: string): Promise<string[]> {
  const { rows } = await asAdmin(url, (client) =>
    client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1) order by datname',
      [prefix],
    ),
  );
  return rows.map(({ datname }) => datname);
}
