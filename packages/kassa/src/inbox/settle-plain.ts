import { inTransaction, markInboxHandled, type Transaction } from '../database/index.ts';
import type { House } from '../flows/house.ts';
import type { BatchFact, SettleBatch } from '../flows/settling/batch.ts';
import type { Group, Told } from './groups.ts';

/** A group that may be plain: one fact of one order. */
interface Candidate {
  readonly group: Group;
  readonly told: Told;
  readonly fact: BatchFact;
}

/**
 * Settles what is plain in one transaction per shop, together with the marks that those events are handled.
 * @returns the facts of every other group, for the stories that take orders one at a time. When the whole cannot be
 *   written nothing was, and all of them are handed on: a poisoned event then fails alone.
 */
export async function settlePlain(worker: House, groups: readonly Group[]): Promise<(readonly Told[])[]> {
  const settled = new Set<Group>();
  const candidates = groups.flatMap(candidateOf);
  for (const house of new Set(candidates.map(({ told }) => told.house))) {
    const { settleBatch } = house;
    if (!settleBatch) continue;
    const own = candidates.filter(({ told }) => told.house === house);
    try {
      const done = await inTransaction(worker.db, (tx) => settleTogether(settleBatch, tx, house, own));
      for (const { group } of done) settled.add(group);
    } catch (error) {
      worker.log.warn({ events: own.length, error: String(error) }, 'a batch of events failed and runs one by one');
    }
  }
  return groups.filter((group) => !settled.has(group)).map(({ facts }) => facts);
}

function candidateOf(group: Group): Candidate[] {
  const [told, ...others] = group.facts;
  const { order_id } = group;
  if (!told || others.length > 0 || order_id === null || told.heard.kind !== 'payment') return [];
  const cause = { cause: `event:${told.event.id}`, actor: 'stripe' };
  return [{ group, told, fact: { report: told.heard.report, cause, order_id } }];
}

async function settleTogether(
  settleBatch: SettleBatch,
  tx: Transaction,
  house: House,
  candidates: readonly Candidate[],
): Promise<Candidate[]> {
  const orders = await settleBatch(
    house,
    tx,
    candidates.map(({ fact }) => fact),
  );
  const done = candidates.filter((_, index) => orders[index] !== null);
  const handled = done.map(({ told: { event }, fact: { order_id } }) => ({
    ...{ event, order_id, outcome: 'applied' as const },
  }));
  await markInboxHandled(tx, handled, house.clock.now());
  return done;
}
