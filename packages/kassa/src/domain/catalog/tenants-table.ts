import type { Database, Transaction } from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Ids } from '../../kernel/ids.ts';

export interface Tenant {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
}

/** Writes the shop's own row and answers its id. Safe to repeat at every start. */
export async function saveTenant(
  tx: Transaction,
  tenant: Omit<Tenant, 'id'>,
  world: { ids: Ids; at: Date },
): Promise<string> {
  const row = { key: tenant.key, name: tenant.name, hosts: [...tenant.hosts], origins: [...tenant.origins] };
  const saved = await tx
    .insertInto('tenants')
    .values({ id: world.ids.uuid(), ...row, created_at: world.at })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ name: row.name, hosts: row.hosts, origins: row.origins }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return saved.id;
}

/**
 * Remembers in the database itself whether it holds test or live money, the first time it is used.
 * @throws KassaError `invalid_request` when the database belongs to the other mode.
 */
export async function claimInstallation(tx: Transaction, mode: 'test' | 'live', at: Date): Promise<void> {
  await tx
    .insertInto('installation')
    .values({ mode, created_at: at })
    .onConflict((conflict) => conflict.column('only_row').doNothing())
    .execute();
  const row = await tx.selectFrom('installation').select('mode').executeTakeFirstOrThrow();
  if (row.mode === mode) return;
  throw new KassaError(
    'invalid_request',
    `This database holds ${row.mode} orders and STRIPE_SECRET_KEY is of mode ${mode}; ` +
      'set DATABASE_URL or KASSA_DATA_DIR to a database of its own.',
  );
}

export async function listTenants(db: Database | Transaction): Promise<Tenant[]> {
  return db.selectFrom('tenants').select(['id', 'key', 'name', 'hosts', 'origins']).orderBy('key').execute();
}
