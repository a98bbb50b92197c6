import { type Database, look, sql, type Transaction } from '../../database/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Offer } from './offer.ts';
import { findOffer, type OfferRef, offersById, type ShopKey } from './offers-table.ts';
import { taxRatesOf } from './tax-rates-table.ts';

type Reader = Database | Transaction;

/** The catalogue was written anew since a price was read from memory: nothing was written, and the work runs again. */
export class PricesChanged extends Error {
  override readonly name = 'PricesChanged';
}

/**
 * What a shop sells, remembered by this process. What is written under it is checked against the version in the same
 * statement (`assertCurrent`), so a sale at a price that is gone never commits; what is only shown may be as old as
 * `SEEN_FOR_MS`.
 */
export interface PriceList {
  offersById(db: Reader, ids: readonly string[]): Promise<Map<string, Offer>>;
  /** As `findOffer`; for whoever only wants to know what is meant. What is not known, or not for sale, is asked again. */
  find(ref: OfferRef): Promise<Offer | undefined>;
  taxRatesOf(db: Reader, classes: readonly string[]): Promise<Map<string, number>>;
  /** Has what is written in this transaction roll back unless all that was told is still so. @throws PricesChanged */
  assertCurrent(tx: Transaction): Promise<void>;
  forget(): void;
}

const SEEN_FOR_MS = 1_000;
/** Of a larger catalogue what is asked for again and again comes back. */
const KEPT_MAX = 5_000;
const RUNS_MAX = 3;
const CHANGED = 'the catalogue was written anew while a basket was priced';
const STILL_CHANGING = 'The prices are being changed at this moment. Please try again.';

interface Memory {
  /** All of it was read when this was the version, or later. */
  version: number | undefined;
  seen_at_ms: number;
  readonly offers: Map<string, Offer>;
  readonly named: Map<string, string>;
  readonly rates: Map<string, number>;
}

/** A list lives as long as its shop does: whoever opens shops one after the other on one database keeps none of them. */
const lists = new WeakMap<Database, Set<WeakRef<PriceList>>>();

/** Tells every list of this database in this process that the catalogue was written anew. */
export function forgetPrices(db: Database): void {
  const known = lists.get(db);
  for (const ref of known ?? []) {
    const list = ref.deref();
    if (list) list.forget();
    else known?.delete(ref);
  }
}

export function openPriceList(db: Database, shop: ShopKey, clock: Clock): PriceList {
  const memory: Memory = { version: undefined, seen_at_ms: 0, offers: new Map(), named: new Map(), rates: new Map() };
  /** Which version each transaction has priced by. */
  const priced_by = new WeakMap<object, number>();
  let looking: Promise<number> | undefined;
  const forget = (): void => {
    memory.version = undefined;
    for (const map of [memory.offers, memory.named, memory.rates]) map.clear();
  };
  /** The version comes first: what is read behind it may be newer, which `assertCurrent` finds out. */
  const see = async (reader: Reader): Promise<number> => {
    const version = await readVersion(reader);
    if (version !== memory.version) forget();
    memory.version = version;
    memory.seen_at_ms = clock.now().getTime();
    return version;
  };
  const seeOnce = (): Promise<number> => {
    looking ??= see(db).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const note = (reader: Reader, version: number): void => {
    if ((priced_by.get(reader) ?? version) !== version) throw new PricesChanged(CHANGED);
    priced_by.set(reader, version);
  };
  /** From memory as far as it goes; the rest is read, and kept unless the catalogue has changed meanwhile. */
  const recall = async <Value>(kept: Map<string, Value>, wanted: Wanted<Value>): Promise<Map<string, Value>> => {
    const { reader, names, read } = wanted;
    // Nothing is told, so there is nothing to hold against a version: the memory may just have been forgotten.
    if (names.length === 0) return new Map();
    const { version: before } = memory;
    const held = new Map<string, Value>();
    for (const name of names) if (kept.has(name)) held.set(name, kept.get(name) as Value);
    if (before !== undefined && names.every((name) => held.has(name))) {
      note(reader, before);
      return held;
    }
    const version = await see(reader);
    const [base, missing] = version === before ? [held, names.filter((name) => !held.has(name))] : [[], names];
    const found = await read(missing);
    note(reader, version);
    if (memory.version === version) for (const [name, value] of found) remember(kept, name, value);
    return new Map([...base, ...found]);
  };
  const list: PriceList = {
    offersById: (reader, ids) =>
      recall(memory.offers, { reader, names: ids, read: (missing) => offersById(reader, shop, missing) }),
    taxRatesOf: (reader, classes) =>
      recall(memory.rates, { reader, names: classes, read: (missing) => taxRatesOf(reader, shop, missing) }),
    async find(ref) {
      const name = JSON.stringify(ref);
      // Whoever comes while somebody looks already shares that look: a crowd asks once.
      if (clock.now().getTime() - memory.seen_at_ms >= SEEN_FOR_MS) await seeOnce();
      const known = memory.offers.get(memory.named.get(name) ?? '');
      if (known?.active) return known;
      const version = await seeOnce();
      const found = await findOffer(db, shop, ref);
      if (found === undefined || memory.version !== version) return found;
      remember(memory.offers, found.id, found);
      remember(memory.named, name, found.id);
      return found;
    },
    assertCurrent: (tx) => assertStill(tx, priced_by.get(tx)),
    forget,
  };
  const others = lists.get(db) ?? new Set();
  lists.set(db, others.add(new WeakRef(list)));
  return list;
}

/** Nothing was priced in this transaction: then there is nothing to hold against the version. */
async function assertStill(tx: Transaction, version: number | undefined): Promise<void> {
  if (version === undefined) return;
  await look(
    tx,
    currentVersion(),
    (current) => {
      if (current !== version) throw new PricesChanged(CHANGED);
    },
    'catalogue version',
  );
}

interface Wanted<Value> {
  readonly reader: Reader;
  readonly names: readonly string[];
  readonly read: (missing: readonly string[]) => Promise<Map<string, Value>>;
}

function remember<Value>(kept: Map<string, Value>, name: string, value: Value): void {
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(name, value);
}

/**
 * Runs work in which `assertCurrent` may fail, and again when it did. Each run is rolled back before the next.
 * @throws KassaError `overloaded` when the catalogue was written anew in every run: nothing is held, come again.
 */
export async function atCurrentPrices<Result>(list: PriceList, work: () => Promise<Result>): Promise<Result> {
  for (let runs = 1; ; runs += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PricesChanged)) throw error;
      if (runs === RUNS_MAX) throw new KassaError('overloaded', STILL_CHANGING, {}, error);
      list.forget();
    }
  }
}

const currentVersion = () => sql<number>`(select coalesce(max(version), 0)::int from kassa.catalogue_version)`;

async function readVersion(reader: Reader): Promise<number> {
  const { rows } = await sql<{ version: number }>`select ${currentVersion()} as version`.execute(reader);
  return rows[0]?.version ?? 0;
}
