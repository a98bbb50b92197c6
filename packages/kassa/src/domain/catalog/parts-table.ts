import type { Database, Transaction } from '../../database/index.ts';
import type { Offer, OfferChild, OfferGrant, OfferKind, Practitioner } from './offer.ts';

type Reader = Database | Transaction;
type Parts = Pick<Offer, 'children' | 'grants' | 'practitioners'>;
type OfParts<Part> = ReadonlyMap<string, readonly Part[]>;

/** What packages, bundles and appointments among these offers consist of. Kinds that are not there cost no question. */
export async function readParts(
  db: Reader,
  offers: readonly { readonly id: string; readonly kind: OfferKind }[],
): Promise<(offer_id: string) => Parts> {
  const named = (kind: OfferKind): string[] => offers.filter((offer) => offer.kind === kind).map((offer) => offer.id);
  const children = await childrenOf(db, named('package'));
  const grants = await grantsOf(db, named('bundle'));
  const practitioners = await practitionersOf(db, named('appointment'));
  return (id) => ({
    children: children.get(id) ?? [],
    grants: grants.get(id) ?? [],
    practitioners: practitioners.get(id) ?? [],
  });
}

async function childrenOf(db: Reader, ids: readonly string[]): Promise<OfParts<OfferChild>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('offer_children as part')
    .innerJoin('offers as child', 'child.id', 'part.child_id')
    .select(['part.parent_id as of', 'part.child_id as offer_id', 'child.external_id'])
    .select(['part.quantity', 'part.required', 'part.selected'])
    .where('part.parent_id', 'in', [...ids])
    .orderBy('part.required', 'desc')
    .orderBy('child.created_at')
    .orderBy('child.id')
    .execute();
  return grouped(rows);
}

async function grantsOf(db: Reader, ids: readonly string[]): Promise<OfParts<OfferGrant>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('offer_grants')
    .select(['offer_id as of', 'unit_currency as currency', 'unit_offer_id as offer_id', 'amount', 'expires_after_ms'])
    .where('offer_id', 'in', [...ids])
    .orderBy('id')
    .execute();
  return grouped(rows);
}

async function practitionersOf(db: Reader, ids: readonly string[]): Promise<OfParts<Practitioner>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('offer_practitioners as gives')
    .innerJoin('practitioners as person', 'person.id', 'gives.practitioner_id')
    .select(['gives.offer_id as of', 'person.id', 'person.external_id', 'person.name'])
    .where('gives.offer_id', 'in', [...ids])
    .orderBy('person.id')
    .execute();
  return grouped(rows);
}

function grouped<Part extends { of: string }>(rows: readonly Part[]): Map<string, Omit<Part, 'of'>[]> {
  const groups = new Map<string, Omit<Part, 'of'>[]>();
  for (const { of, ...part } of rows) groups.set(of, [...(groups.get(of) ?? []), part]);
  return groups;
}

/** Somebody who gives appointments, by the id that the shop gave them. */
export async function findPractitioner(
  db: Reader,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
  external_id: string,
): Promise<Practitioner | undefined> {
  return db
    .selectFrom('practitioners')
    .select(['id', 'external_id', 'name'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('external_id', '=', external_id)
    .executeTakeFirst();
}
