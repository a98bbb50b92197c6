import type { Transaction } from '../../database/index.ts';
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

/** One row per version of an order. The database refuses to commit a version without it. */
export async function writeAudit(tx: Transaction, entry: AuditEntry, world: { ids: Ids; at: Date }): Promise<void> {
  await tx
    .insertInto('audit_log')
    .values({ ...entry, id: world.ids.uuid(), details: JSON.stringify(entry.details), created_at: world.at })
    .execute();
}
