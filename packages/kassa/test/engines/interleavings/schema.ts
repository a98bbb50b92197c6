/** What the schema does by itself when a table is written: read from the server's own catalogue. */
export interface Consequences {
  readonly tables: ReadonlySet<string>;
  /** Rows of others that a new row refers to, which are locked against being taken away. */
  readonly references: ReadonlyMap<string, readonly Reference[]>;
  /** What may be there once only, apart from the row's own id. */
  readonly onces: ReadonlyMap<string, readonly Once[]>;
  /** The text of its triggers' functions: those that run at once, and those that wait for the end. */
  readonly triggers: ReadonlyMap<string, readonly { readonly text: string; readonly deferred: boolean }[]>;
}

export interface Reference {
  /** Which columns of the new row say it. */
  readonly columns: readonly string[];
  readonly parent: string;
  /** The column by which the other row is meant. */
  readonly by: string;
}

/** An index of which two rows cannot share an entry. */
export interface Once {
  readonly columns: readonly string[];
  /** The column of the entry that says most: where it differs, the entries do. */
  readonly by: string | null;
  /** Whether nothing counts as something that can be there once. */
  readonly nothing_counts: boolean;
  /** Of such columns a change takes the row so wholly that nobody may even refer to it. */
  readonly whole: boolean;
}

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

interface Named {
  readonly name: string;
}

export async function consequencesIn(ask: Ask): Promise<Consequences> {
  const tables = await ask<Named>(`select tablename as name from pg_tables where schemaname = 'kassa'`);
  const references = await ask<Named & Reference>(
    `select c.relname as name, p.relname as parent, its.attname as by,
       (select json_agg(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum = any(k.conkey)) as columns
     from pg_constraint k
     join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
     join pg_attribute its on its.attrelid = p.oid and its.attnum = k.confkey[1]
     where k.contype = 'f' and c.relnamespace = 'kassa'::regnamespace`,
  );
  // An id of its own is nobody else's, and a part of an index is looked at like the whole, whichever rows it is for.
  const onces = await ask<Named & Once>(
    `select c.relname as name, json_agg(a.attname) as columns, i.indnullsnotdistinct as nothing_counts,
       (json_agg(a.attname order by array_position(i.indkey::int[], a.attnum::int))
         filter (where a.attnum = any(i.indkey) and a.attname not in ('tenant_id', 'mode')))->>0 as by,
       i.indisunique and i.indpred is null as whole
     from pg_index i join pg_class c on c.oid = i.indrelid
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
       and pg_get_indexdef(i.indexrelid) ~ ('[( "]' || a.attname || '([), "]|$)')
     where (i.indisunique or i.indisexclusion) and c.relnamespace = 'kassa'::regnamespace
     group by i.indexrelid, c.relname having json_agg(a.attname)::text <> '["id"]'`,
  );
  const triggers = await ask<Named & { text: string; deferred: boolean }>(
    `select c.relname as name, f.prosrc as text, t.tginitdeferred as deferred from pg_trigger t
     join pg_class c on c.oid = t.tgrelid join pg_proc f on f.oid = t.tgfoid
     where not t.tgisinternal and c.relnamespace = 'kassa'::regnamespace`,
  );
  const byName = ({ name }: Named): string => name;
  return {
    tables: new Set(tables.map(byName)),
    references: Map.groupBy(references, byName),
    onces: Map.groupBy(onces, byName),
    triggers: Map.groupBy(triggers, byName),
  };
}
