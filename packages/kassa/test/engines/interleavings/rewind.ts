import pg from 'pg';
import { whileRunning } from '../../../simulation/invariants/index.ts';
import { outcomeOf } from '../../../simulation/runs/state-hash.ts';
import { NO_LIMITS } from '../../../src/database/index.ts';
import { openSpa, type Spa } from '../../setup/spa.ts';
import { type Consequences, consequencesIn } from './schema.ts';
import { type Turns, turns } from './turns.ts';

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

/** A statement of ours, said otherwise: a mistake at the database's port, or in the schema. */
export interface Planted {
  readonly statements: readonly { readonly from: RegExp; readonly to: string }[];
  readonly ddl?: readonly string[];
}

/** A shop that goes back to the moment at which its scene was set, as often as is wanted: rows, Stripe and time. */
export interface StageShop extends Spa {
  readonly turns: Turns;
  readonly ask: Ask;
  /** Remembers everything as it is now under a name, to go back to. */
  keep(moment: string): Promise<void>;
  rewind(moment: string): Promise<void>;
  /** Broken rules, in sentences. */
  broken(): Promise<string[]>;
  /** What became of everything, without ids and times. */
  end(): Promise<string>;
  /** How many statements a planted mistake changed. */
  changed(): number;
}

const CALLERS_MAX = 5;
/** After so many plays the rows that they left dead are swept: each rewind and each look reads past all of them. */
const SWEEP_EVERY = 50;
const PLENTY = 1_000_000_000;

export async function openStage(planted?: Planted): Promise<StageShop> {
  let monitor: pg.Client | undefined;
  const names = new Map<string, string>();
  const ask: Ask = async <Row>(text: string, values: unknown[] = []) => {
    if (!monitor) throw new Error('the stage is not open yet');
    const name = names.get(text) ?? `ask ${names.size}`;
    names.set(text, name);
    return (await monitor.query({ name, text, values })).rows as Row[];
  };
  let consequences: Consequences | undefined;
  const stage = turns(ask, () => {
    if (!consequences) throw new Error('the stage is not open yet');
    return consequences;
  });
  let changed = 0;
  const bent = new WeakSet<object>();
  const bend = (session: object | undefined): void => {
    if (!planted || !session || bent.has(session)) return;
    bent.add(session);
    bendClient(session as pg.Client, planted, () => {
      changed += 1;
    });
  };
  const spa = await openSpa({
    // Time goes back between plays, so that no share of Stripe's limits would ever come back.
    rates: { overall_per_s: PLENTY, endpoint_per_s: PLENTY },
    database: {
      // Each caller may hold one connection, and ask beside it over another one.
      ...{ limits: NO_LIMITS, poolMax: 2 * CALLERS_MAX + 2, poolIdleMs: 0, prepared: planted === undefined },
      gate: (point, run) => {
        bend(point.session);
        return stage.gate(point, run);
      },
    },
  });
  spa.wire = (request) =>
    stage.passing(`${request.method} ${new URL(request.url).pathname}`, () => spa.sandbox.fetch(request));
  const client = new pg.Client({ connectionString: spa.url, application_name: 'monitor' });
  await client.connect();
  monitor = client;
  // On a line of its own: switching triggers off makes the server forget every plan of the session.
  const restorer = new pg.Client({ connectionString: spa.url, application_name: 'monitor' });
  await restorer.connect();
  for (const statement of planted?.ddl ?? []) await client.query(statement);
  consequences = await consequencesIn(ask);
  const tables = await tablesOf(client);
  const store = savedIn(restorer, tables);
  const kept_ms = new Map<string, number>();
  const { close } = spa;
  return Object.assign(spa, {
    turns: stage,
    ask,
    changed: () => changed,
    async keep(moment: string) {
      kept_ms.set(moment, spa.clock.now());
      spa.sandbox.control.snapshot(moment);
      await store.save(moment);
    },
    async rewind(moment: string) {
      await store.restore(moment);
      spa.sandbox.control.restore(moment);
      spa.clock.set(kept_ms.get(moment) ?? 0);
    },
    broken: async () => (await whileRunning(ask)).map(({ invariant, sentence }) => `${invariant}: ${sentence}`),
    end: () => outcomeOf(ask, { in_days: false }),
    async close() {
      stage.dismiss();
      await Promise.all([client.end(), restorer.end()]);
      await close();
    },
  });
}

function bendClient(client: pg.Client, { statements }: Planted, count: () => void): void {
  const straight = client.query.bind(client) as (text: unknown, values?: unknown) => unknown;
  const bentQuery = (text: unknown, values?: unknown): unknown => {
    if (typeof text !== 'string') return straight(text, values);
    let said = text;
    for (const { from, to } of statements) said = said.replace(from, to);
    if (said !== text) count();
    return straight(said, values);
  };
  client.query = bentQuery as typeof client.query;
}

interface Table {
  readonly name: string;
  /** Those that are written, not computed. */
  readonly columns: string;
}

async function tablesOf(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select quote_ident(t.tablename) as name, string_agg(quote_ident(c.column_name), ', ' order by c.ordinal_position) as columns
     from pg_tables t join information_schema.columns c on c.table_schema = 'kassa' and c.table_name = t.tablename
     where t.schemaname = 'kassa' and t.tablename <> 'migrations' and c.is_generated = 'NEVER'
       and not (select relispartition from pg_class where oid = ('kassa.' || quote_ident(t.tablename))::regclass)
     group by t.tablename order by t.tablename`,
  );
  return rows;
}

interface Store {
  save(moment: string): Promise<void>;
  restore(moment: string): Promise<void>;
}

/** All rows of all tables, put aside and brought back with triggers and constraints off: they were true before. */
function savedIn(client: pg.Client, tables: readonly Table[]): Store {
  const filled = new Map<string, readonly Table[]>();
  let restored = 0;
  return {
    async save(moment) {
      const schema = `saved_${moment}`;
      const copies = tables.map(({ name }) => `create table ${schema}.${name} as select * from kassa.${name}`);
      await client.query(`drop schema if exists ${schema} cascade; create schema ${schema}; ${copies.join('; ')}`);
      const with_rows: Table[] = [];
      for (const table of tables) {
        const { rowCount } = await client.query(`select from ${schema}.${table.name} limit 1`);
        if (rowCount === 1) with_rows.push(table);
      }
      filled.set(moment, with_rows);
    },
    async restore(moment) {
      const empty = tables.map(({ name }) => `delete from kassa.${name}`);
      const fill = (filled.get(moment) ?? []).map(
        ({ name, columns }) => `insert into kassa.${name} (${columns}) select ${columns} from saved_${moment}.${name}`,
      );
      await client.query(
        `begin; set local session_replication_role = replica; ${[...empty, ...fill].join('; ')}; commit`,
      );
      restored += 1;
      if (restored % SWEEP_EVERY === 0)
        await client.query(`vacuum ${tables.map(({ name }) => `kassa.${name}`).join(', ')}`);
    },
  };
}
