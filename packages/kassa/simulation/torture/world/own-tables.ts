import type { Ground } from '../../world/database/ground.ts';
import type { Effect } from '../effects.ts';

/** The shop's own tables, for what hooks write by `commit`: as its own SQL made them, the same before each schedule. */
export interface OwnTables {
  /** Puts every table back to what it held when it was made, and forgets all orders. */
  sweep(): Promise<void>;
  /** Each row as something that was left behind. */
  rows(): Promise<Effect[]>;
}

/** Filled anew by each schedule. The catalogue stays. */
const OF_ORDERS = [
  ...['notifications', 'deliveries', 'outbox_messages', 'effects', 'audit_log', 'order_lines', 'orders', 'quotes'],
];

interface Table {
  readonly name: string;
  readonly columns: string;
}

/** Makes the shop's tables. @throws whatever its SQL fails with. */
export async function openOwnTables({ ask }: Ground, schema: string | null): Promise<OwnTables> {
  if (schema !== null) await ask(`do $torture$ begin ${asBlock(schema)} end $torture$`);
  const tables = await ask<Table>(`
    select format('%I.%I', n.nspname, c.relname) as name,
      string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and n.nspname not in ('kassa', 'information_schema') and n.nspname not like 'pg\\_%'
    group by 1 order by 1`);
  await ask('create schema kassa_kept');
  for (const [at, { name }] of tables.entries()) await ask(`create table kassa_kept.t${at} as table ${name}`);
  const emptied = [...OF_ORDERS.map((table) => `kassa.${table}`), ...tables.map(({ name }) => name)];
  const deletes = emptied.map((name) => `delete from ${name};`);
  const refills = tables.map(
    ({ name, columns }, at) =>
      `insert into ${name} (${columns}) overriding system value select ${columns} from kassa_kept.t${at};`,
  );
  const sweep = `do $torture$ begin
    perform set_config('session_replication_role', 'replica', true); ${[...deletes, ...refills].join(' ')}
    end $torture$`;
  return {
    async sweep() {
      await ask(sweep);
    },
    async rows() {
      const found: Effect[] = [];
      for (const { name } of tables) {
        const rows = await ask<{ content: unknown }>(`select to_jsonb(one) as content from ${name} one order by 1`);
        for (const { content } of rows) found.push({ order: null, event: null, to: name, content, key: null });
      }
      return found;
    },
  };
}

/** Several statements in one text are sent as one; each is run by itself, so that it may build on those before it. */
function asBlock(schema: string): string {
  return `execute ${quoted(schema)};`;
}

function quoted(text: string): string {
  return `$schema$${text}$schema$`;
}
