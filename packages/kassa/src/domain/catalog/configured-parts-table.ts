import { lockClass, sql, type Transaction } from '../../database/index.ts';
import { assert } from '../../kernel/assert.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { CatalogEntry } from './configured-offers-table.ts';
import type { ShopKey } from './offers-table.ts';
import { readParts } from './parts-table.ts';

/** Writes the people who give appointments and answers their ids by external id. Nobody is ever taken out. */
export async function savePractitioners(
  tx: Transaction,
  shop: ShopKey,
  people: readonly { readonly external_id: string; readonly name: string }[],
  ids: Ids,
): Promise<Map<string, string>> {
  const saved = new Map<string, string>();
  const { tenant_id, mode } = shop;
  for (const { external_id, name } of people) {
    // Nothing is written over here: whoever books somebody's time has locked their row, and a coupon before it.
    await tx
      .insertInto('practitioners')
      .values({ id: ids.uuid(), tenant_id, mode, external_id, name })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'mode', 'external_id']).doNothing())
      .execute();
    const row = await practitionersOf(tx, shop).where('external_id', '=', external_id).executeTakeFirstOrThrow();
    saved.set(external_id, row.id);
  }
  return saved;
}

/** Renames whom the configuration calls otherwise now. Comes with the stock, after coupons, as buyers have it. */
export async function renamePractitioners(
  tx: Transaction,
  shop: ShopKey,
  people: readonly { readonly external_id: string; readonly name: string }[],
): Promise<void> {
  const wanted = new Map(people.map(({ external_id, name }) => [external_id, name]));
  for (const { id, external_id, name } of await practitionersOf(tx, shop).orderBy('id').execute()) {
    const other = wanted.get(external_id) ?? name;
    if (other === name) continue;
    lockClass(tx, 'stock');
    await tx.updateTable('practitioners').set({ name: other }).where('id', '=', id).execute();
  }
}

const practitionersOf = (tx: Transaction, { tenant_id, mode }: ShopKey) =>
  tx
    .selectFrom('practitioners')
    .select(['id', 'external_id', 'name'])
    .where('tenant_id', '=', tenant_id)
    .where('mode', '=', mode);

interface PartsOf {
  readonly offer_id: string;
  readonly entry: CatalogEntry;
  /** True: the version was just given, and parts of a new offer do not change it. */
  readonly is_new: boolean;
  readonly offer_ids: ReadonlyMap<string, string>;
  readonly practitioner_ids: ReadonlyMap<string, string>;
}

/** Rewrites what one configured offer consists of; when a buyer would get something else, its version grows. */
export async function saveParts(
  tx: Transaction,
  { offer_id, entry, is_new, ...known }: PartsOf,
  ids: Ids,
): Promise<void> {
  const { kind } = entry;
  const offerId = (key: string): string => idOf(known.offer_ids, key);
  const children = entry.children.map(({ offer, ...child }) => ({ child_id: offerId(offer), ...child }));
  const grants = entry.grants.map(({ offer, currency, amount, expires_after_ms }) => {
    const unit_offer_id = offer === null ? null : offerId(offer);
    return { unit_currency: currency, unit_offer_id, amount, expires_after_ms };
  });
  const before = (await readParts(tx, [{ id: offer_id, kind }]))(offer_id);
  const was = {
    children: before.children.map(({ offer_id: child_id, quantity, required, selected }) => {
      return { child_id, quantity, required, selected };
    }),
    grants: before.grants.map(({ currency, offer_id: unit_offer_id, amount, expires_after_ms }) => {
      return { unit_currency: currency, unit_offer_id, amount, expires_after_ms };
    }),
  };
  const changed = told(was.children) !== told(children) || told(was.grants) !== told(grants);
  if (changed) {
    await tx.deleteFrom('offer_children').where('parent_id', '=', offer_id).execute();
    await tx.deleteFrom('offer_grants').where('offer_id', '=', offer_id).execute();
    const parts = children.map((child) => ({ parent_id: offer_id, ...child }));
    if (parts.length > 0) await tx.insertInto('offer_children').values(parts).execute();
    const given = grants.map((grant) => ({ id: ids.uuid(), offer_id, ...grant }));
    if (given.length > 0) await tx.insertInto('offer_grants').values(given).execute();
  }
  if (changed && !is_new) {
    await tx.updateTable('offers').set({ version: sql<number>`version + 1` }).where('id', '=', offer_id).execute();
  }
  await tx.deleteFrom('offer_practitioners').where('offer_id', '=', offer_id).execute();
  const gives = entry.practitioners.map((person) => ({
    offer_id,
    practitioner_id: idOf(known.practitioner_ids, person),
  }));
  if (gives.length > 0) await tx.insertInto('offer_practitioners').values(gives).execute();
}

/** The order in which parts are written down changes nothing. */
function told(parts: readonly Readonly<Record<string, string | number | boolean | null>>[]): string {
  return parts
    .map((part) => canonicalJson({ ...part }))
    .sort()
    .join();
}

function idOf(known: ReadonlyMap<string, string>, name: string): string {
  const id = known.get(name);
  assert(id !== undefined, `the configuration names ${name}, and it was checked`);
  return id;
}
