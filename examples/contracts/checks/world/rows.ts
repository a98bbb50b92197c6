// The database as the shop's owner can read it: with the password that lies in the data folder.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

export type Row = Readonly<Record<string, unknown>>;

export interface Rows {
  read<R extends Row = Row>(statement: string, ...values: readonly unknown[]): Promise<R[]>;
  /** Everything that says who bought what: equal texts, equal states. */
  dump(options?: { readonly except?: readonly string[] }): Promise<string>;
  close(): Promise<void>;
}

/**
 * What changes without anybody buying anything: appointments with ourselves, who holds which lease, when a key was last
 * used, how far the comparison with Stripe has come, and the answers that are kept under keys.
 */
const RESTLESS = [
  'timers',
  'leases',
  'deliveries',
  'api_keys',
  'idempotency_keys',
  'stripe_operations',
  'reconcile_cursors',
];

/** An event that never came is read from Stripe's list when the next look at it is due; that is nobody's request. */
const CAUGHT_UP: Readonly<Record<string, string>> = { inbox_events: 'where not listed' };

/** A row by its beginning, for people, and by all of it. */
const SHORT = `left(replace(row::text, chr(10), ' '), 140) || ' … ' || md5(row::text)`;

/** The address of the Postgres that a shop brought along, as its files tell it. */
export function embeddedUrl(data_folder: string): string {
  const folder = join(data_folder, 'postgres');
  const password_file = join(folder, 'data', 'kassa-password');
  if (!existsSync(password_file)) throw new Error(`there is no database in ${data_folder}`);
  const password = readFileSync(password_file, 'utf8').trim();
  const port = readFileSync(join(folder, 'port'), 'utf8').trim();
  return `postgres://kassa:${password}@127.0.0.1:${port}/kassa`;
}

/** The rows that two dumps do not share: empty, when nothing has changed. */
export function changed(before: string, after: string): readonly string[] {
  const [old, now] = [new Set(before.split('\n')), new Set(after.split('\n'))];
  const gone = [...old].filter((row) => !now.has(row)).map((row) => `- ${row}`);
  return [...gone, ...[...now].filter((row) => !old.has(row)).map((row) => `+ ${row}`)].sort();
}

/** How the checks' own connections are called, so that they survive when a check cuts the others. */
export const OURS = 'checks';

export async function openRows(url: string): Promise<Rows> {
  const options = '-c default_transaction_read_only=on';
  const client = new Client({ connectionString: url, application_name: OURS, options });
  await client.connect();
  const read: Rows['read'] = async (statement, ...values) => (await client.query(statement, [...values])).rows as never;
  let tables: string[] | undefined;
  return {
    read,
    async dump({ except = [] } = {}) {
      tables ??=
        // The text of an event says nothing that its row does not, which is compared.
        (
          await read<{ tablename: string }>(
            `select tablename from pg_tables where schemaname = 'kassa' and tablename not like 'inbox\\_bodies%' order by 1`,
          )
        ).map(({ tablename }) => tablename);
      const held = tables.filter((table) => !RESTLESS.includes(table) && !except.includes(table));
      const parts = held.map(
        (table) => `(select '${table}' as part, ${SHORT} as text from kassa.${table} as row ${CAUGHT_UP[table] ?? ''})`,
      );
      const found = await read<{ part: string; text: string }>(`${parts.join(' union all ')} order by 1, 2`);
      return found.map(({ part, text }) => `${part} ${text}`).join('\n');
    },
    close: () => client.end(),
  };
}
