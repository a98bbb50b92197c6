import { enqueueAll, stockLast, type Transaction } from '../database/index.ts';
import { kindsOf } from '../domain/catalog/index.ts';
import { lockHoldsOf, type OwnedHold, sellHolds } from '../domain/inventory/index.ts';
import { postAll } from '../domain/ledger/index.ts';
import { lockFreeOrders, type Order, offersOfOrders, payOrders, writeAudits } from '../domain/orders/index.ts';
import { type Attempt, lockAttemptsOf, payAttempts } from '../domain/payments/index.ts';
import { NOTHING_ASIDE } from './holding/aside.ts';
import type { House } from './house.ts';
import type { BatchFact } from './settling/batch.ts';
import { decide } from './settling/decide.ts';
import { hear } from './settling/hear.ts';
import { isPlain, type PlainDecision, plainDecision } from './settling/plain.ts';

/** One plain order on its way to paid. */
interface Sale {
  readonly fact: BatchFact;
  readonly order: Order;
  readonly attempt: Attempt;
  readonly holds: readonly OwnedHold[];
  readonly decision: PlainDecision;
}

/**
 * Settles many orders in one transaction by a handful of statements, whatever their number: those that are plain, which
 * most are. It decides nothing by itself: each order is put before the same `decide` as ever, on what was read under its
 * lock, and anything that is not plain in every column is left to `settle`, untouched. Both ways must write the same
 * rows; a test plays the same events through both and compares.
 * Cut in half it never happened: everything is in the caller's one transaction.
 */
export async function settleBatch(
  house: House,
  tx: Transaction,
  facts: readonly BatchFact[],
): Promise<(string | null)[]> {
  const sales = await plainSales(house, tx, facts);
  if (sales.length > 0) await writeSales(house, tx, sales);
  const settled = new Set(sales.map((sale) => sale.fact));
  return facts.map((fact) => (settled.has(fact) ? fact.order_id : null));
}

/** The plain ones among the facts, in the order of the facts. */
async function plainSales(house: House, tx: Transaction, facts: readonly BatchFact[]): Promise<Sale[]> {
  const wanted = facts.map((fact) => fact.order_id);
  // Whoever is at work on an order has it; nobody is waited for.
  const orders = new Map((await lockFreeOrders(tx, wanted)).map((order) => [order.id, order]));
  if (orders.size === 0) return [];
  const ids = [...orders.keys()];
  const attempts = byOrder(await lockAttemptsOf(tx, ids));
  const lines = byOrder(await offersOfOrders(tx, ids));
  const kinds = await kindsOf(tx, [...new Set([...lines.values()].flat().map((line) => line.offer_id))]);
  const holds = byOrder(await lockHoldsOf(tx, ids));
  return facts.flatMap((fact) => {
    const order = orders.get(fact.order_id);
    const [attempt, ...others] = attempts.get(fact.order_id) ?? [];
    if (!order || !attempt || others.length > 0) return [];
    const own_holds = holds.get(order.id) ?? [];
    const own_kinds = (lines.get(order.id) ?? []).map((line) => kinds.get(line.offer_id));
    const { report } = fact;
    if (!isPlain({ house, order, attempt, holds: own_holds, kinds: own_kinds }, report)) return [];
    const aside = { ...NOTHING_ASIDE, holds: own_holds };
    const policies = { when_late: 'review' as const, unexpected: house.unexpected_money };
    const snapshot = { order, attempt, attempts: [attempt], aside, grants: [], ...policies };
    const decision = plainDecision(decide(snapshot, report));
    return decision ? [{ fact, order, attempt, holds: own_holds, decision }] : [];
  });
}

function byOrder<Row extends { readonly order_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.order_id);
    if (group) group.push(row);
    else groups.set(row.order_id, [row]);
  }
  return groups;
}

/** Writes what `settle` would; the hot rows, stock and the counter, come last and are held shortest. */
async function writeSales(house: House, tx: Transaction, sales: readonly Sale[]): Promise<void> {
  const { shop, ids } = house;
  const at = house.clock.now();
  const world = { ids, at };
  await payAttempts(tx, sales.map(attemptAfter(at)), at);
  const postings = sales.flatMap(({ order, decision }) =>
    decision.postings.map((posting) => ({ owner: { ...shop, order_id: order.id }, posting })),
  );
  await postAll(tx, postings, world);
  await writeAudits(tx, sales.map(auditOf(house)), world);
  const messages = sales.flatMap(({ order, decision, fact }) =>
    decision.messages.map((topic) => ({
      ...{ ...shop, topic, order_id: order.id, order_version: order.version + 1, at },
      payload: { cause: fact.cause.cause },
      destinations: house.destinationsOf(topic, order.contract),
    })),
  );
  await enqueueAll(tx, messages, ids);
  stockLast(tx);
  await sellHolds(
    tx,
    sales.flatMap((sale) => sale.holds),
    at,
  );
  const paid = sales.map(({ order, fact }) => ({
    ...{ id: order.id, version: order.version + 1 },
    email: order.email === null ? fact.report.email : null,
  }));
  await payOrders(tx, shop, paid, at);
}

const attemptAfter =
  (at: Date) =>
  ({ attempt, fact: { report }, decision }: Sale) => {
    const { payment_id, status, heard_at = at } = hear(attempt, report, at);
    const { payment_status, received_minor } = decision.attempt;
    const heard = { payment_id, status: status ?? null, heard_at };
    return { ...heard, id: attempt.id, payment_status, received_minor, email: report.email ?? attempt.email };
  };

const auditOf =
  ({ shop }: House) =>
  ({ order, attempt, fact: { report, cause }, decision }: Sale) => ({
    ...shop,
    order_id: order.id,
    order_version: order.version + 1,
    action: decision.order.event,
    status_from: order.status,
    status_to: decision.order.to,
    cause: cause.cause,
    actor: cause.actor,
    details: { attempt_id: attempt.id, payment_id: report.payment_id },
  });
