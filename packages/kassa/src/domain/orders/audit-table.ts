import { insertion, sql, type Transaction, writeRows } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { OrderStatus } from './order.ts';

export interface AuditEntry {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  /** Null, like the version, for what is about no order. */
  readonly order_id: string | null;
  readonly order_version: number | null;
  readonly action: string;
  readonly status_from: OrderStatus | null;
  readonly status_to: OrderStatus | null;
  readonly cause: string;
  readonly actor: string;
  readonly details: Record<string, unknown>;
}

const INSERT_AUDITS = insertion<AuditEntry & { readonly id: string; readonly created_at: Date }>('audit_log', {
  uuid: ['id', 'tenant_id', 'order_id'],
  text: ['mode', 'action', 'status_from', 'status_to', 'cause', 'actor'],
  int: ['order_version'],
  jsonb: ['details'],
  timestamptz: ['created_at'],
});

/** One row per version of an order. The database refuses to commit a version without it. */
export async function writeAudit(tx: Transaction, entry: AuditEntry, world: { ids: Ids; at: Date }): Promise<void> {
  await writeRows(tx, INSERT_AUDITS, [{ ...entry, id: world.ids.uuid(), created_at: world.at }]);
}

/** The same for many orders in one statement. */
export async function writeAudits(
  tx: Transaction,
  entries: readonly AuditEntry[],
  { ids, at }: { ids: Ids; at: Date },
): Promise<void> {
  const column = <K extends keyof AuditEntry>(name: K): AuditEntry[K][] => entries.map((entry) => entry[name]);
  const details = entries.map((entry) => JSON.stringify(entry.details));
  await sql`
    insert into kassa.audit_log (id, tenant_id, mode, order_id, order_version, action, status_from, status_to, cause,
      actor, details, created_at)
    select id, tenant_id, mode, order_id, order_version, action, status_from, status_to, cause, actor, details, ${at}
    from unnest(${entries.map(() => ids.uuid())}::uuid[], ${column('tenant_id')}::uuid[], ${column('mode')}::text[],
      ${column('order_id')}::uuid[], ${column('order_version')}::int[], ${column('action')}::text[],
      ${column('status_from')}::text[], ${column('status_to')}::text[], ${column('cause')}::text[],
      ${column('actor')}::text[], ${details}::jsonb[])
      as entry (id, tenant_id, mode, order_id, order_version, action, status_from, status_to, cause, actor, details)`.execute(
    tx,
  );
}
