import { knownInboxEvents, OWN_ACCOUNT } from '../../database/index.ts';
import { attemptById, GatewayFailure } from '../../domain/payments/index.ts';
import {
  type BookSums,
  bookSums,
  CHECKS,
  countOrders,
  openBreaks,
  ownersOf,
  type ProofPeriod,
  receivedIn,
  runChecks,
} from '../../domain/proof/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { readAttempt } from '../asking/read-attempt.ts';
import type { House } from '../house.ts';
import { beginProof, everyPage, moneyWords, type Proof, type Unexplained } from '../proving/proof.ts';
import { proveDisputes } from '../proving/prove-disputes.ts';
import { proveFees } from '../proving/prove-fees.ts';
import { provePayment, provePayments } from '../proving/prove-payments.ts';
import { proveRefunds } from '../proving/prove-refunds.ts';

export type { Unexplained } from '../proving/proof.ts';

/** One currency as the three tell it, minor units. */
export interface CurrencyProof {
  readonly currency: string;
  readonly stripe: Sums;
  readonly orders: Sums;
  readonly books: Omit<Sums, 'payments' | 'refunds'>;
}

interface Sums {
  readonly payments: number;
  readonly captured_minor: number;
  readonly refunds: number;
  readonly refunded_minor: number;
}

export interface VerifyReport {
  readonly period: ProofPeriod;
  /** What was looked at; `foreign` objects carry no mark of this shop, and no order of ours knows them. */
  readonly counts: Proof['counts'] & { readonly orders: number; readonly reviews: number; readonly rules: number };
  readonly currencies: readonly CurrencyProof[];
  readonly unexplained: readonly Unexplained[];
}

const MONTH_MS = 30 * 86_400_000;
/** Younger events may still be on their way. */
const ON_THE_WAY_MS = 120_000;
const BROKEN_MAX = 1_000;

/**
 * Proves that Stripe, the books and the orders tell the same of a period, and names each thing that they do not: every
 * session, payment, refund and dispute at Stripe against our rows, our rows against Stripe, what Stripe charged against
 * the books, the events of the last thirty days against the inbox, and the rules that hold after every commit against all rows. Reads only, here and there. What is
 * on its way while it looks is looked at again a moment later, so that it may run beside a shop that sells.
 * @param types the types of events that this shop listens to.
 * @throws GatewayFailure, KassaError when Stripe cannot be asked.
 */
export async function verify(house: House, period: ProofPeriod, types: readonly string[]): Promise<VerifyReport> {
  const { db, shop } = house;
  const proof = beginProof(house, period);
  await provePayments(proof);
  await proveOurPayments(proof);
  await proveRefunds(proof);
  await proveDisputes(proof);
  await proveFees(proof);
  await proveEvents(proof, types);
  const broken = await runChecks(db, CHECKS, BROKEN_MAX);
  const rules = broken.map(({ kind, cure, sentence }) => ({ kind, object_id: null, order_id: null, sentence, cure }));
  const found = [...proof.unexplained, ...rules];
  found.push(...(await stillOpen(proof, found)));
  const { orders, reviews } = await countOrders(db, shop, period);
  const counts = { ...proof.counts, orders, reviews, rules: CHECKS.length };
  return { period, counts, currencies: await currenciesOf(proof), unexplained: found };
}

/** Money that our rows speak of and no list of Stripe's has named. */
async function proveOurPayments(proof: Proof): Promise<void> {
  const { house, period } = proof;
  for (const id of await receivedIn(house.db, house.shop, period)) {
    const attempt = proof.attempts.has(id) ? undefined : await attemptById(house.db, id);
    const object_id = attempt?.session_id ?? attempt?.payment_id ?? '';
    if (!attempt || proof.seen.has(object_id)) continue;
    try {
      await provePayment(proof, await readAttempt(house.gateway, attempt, 'reconcile'));
    } catch (error) {
      if (!(error instanceof GatewayFailure) || error.kind !== 'refused') throw error;
      const order = toTypeId('ord', attempt.order_id);
      const sentence = `${order} says that it received ${moneyWords(attempt.received_minor, attempt.currency)} by ${object_id}, which Stripe does not know`;
      const cure = `kassa explain ${order}: take its fulfilment back, and find out who wrote into our row`;
      const { order_id } = attempt;
      proof.unexplained.push({ kind: 'payment_not_at_stripe', object_id, order_id, sentence, cure });
    }
  }
}

/** Events about orders of ours that never arrived. Stripe keeps events for thirty days (docs.stripe.com/api/events). */
async function proveEvents(proof: Proof, types: readonly string[]): Promise<void> {
  const { house, period, counts, unexplained } = proof;
  const now_ms = house.clock.now().getTime();
  const created_from = new Date(Math.max(period.from.getTime(), now_ms - MONTH_MS));
  const created_to = new Date(Math.min(period.to.getTime(), now_ms - ON_THE_WAY_MS));
  if (created_from >= created_to) return;
  const window = { created_from, created_to, types };
  for await (const page of everyPage((after) => house.gateway.listEvents({ ...window, ...(after ? { after } : {}) }))) {
    counts.events += page.length;
    const keys = page.map(({ account, id }) => ({ account: account ?? OWN_ACCOUNT, id }));
    const known = await knownInboxEvents(house.db, keys);
    const missing = page.filter(({ id }) => !known.has(id));
    const owners = await ownersOf(
      house.db,
      house.shop,
      missing.flatMap(({ object_id }) => object_id ?? []),
    );
    for (const { id, type, object_id } of missing) {
      const order_id = owners.get(object_id ?? '');
      if (order_id === undefined) continue;
      const sentence = `${id} (${type}) about ${object_id} of ${toTypeId('ord', order_id)} is not in the inbox`;
      unexplained.push({ kind: 'event_lost', object_id: id, order_id, sentence, cure: `kassa replay ${id}` });
    }
  }
}

/** What the comparison with Stripe has put before a person, unless it was named just now. */
async function stillOpen({ house }: Proof, found: readonly Unexplained[]): Promise<Unexplained[]> {
  const named = new Set(found.map(({ object_id }) => object_id));
  const open = await openBreaks(house.db, house.shop, BROKEN_MAX);
  return open
    .filter(({ stripe_object_id }) => !named.has(stripe_object_id))
    .map(({ kind, stripe_object_id, owner, first_seen_at }) => ({
      ...{ kind, object_id: stripe_object_id, order_id: null },
      sentence: `${stripe_object_id} has been unexplained since ${first_seen_at.toISOString()}`,
      cure:
        owner === 'operations' ? 'kassa doctor' : `kassa adopt ${stripe_object_id}, or look at it in /admin/attention`,
    }));
}

async function currenciesOf(proof: Proof): Promise<CurrencyProof[]> {
  const { house, payments, attempts, refunds, refund_ids } = proof;
  const ids = { attempt_ids: [...attempts.keys()], refund_ids: [...refund_ids.keys()] };
  const books = await bookSums(house.db, house.shop, ids);
  const paid = [...payments.values()];
  const received = [...attempts.values()].map(({ received_minor, currency }) => ({
    amount_minor: received_minor,
    currency,
  }));
  const all = [...paid, ...received, ...refunds.values(), ...refund_ids.values(), ...books];
  const currencies = [...new Set(all.map(({ currency }) => currency))].sort();
  return currencies.map((currency) => ({
    currency,
    stripe: sumsOf(currency, paid, [...refunds.values()]),
    orders: sumsOf(currency, received, [...refund_ids.values()]),
    books: booksIn(currency, books),
  }));
}

interface Amount {
  readonly amount_minor: number;
  readonly currency: string;
}

function sumsOf(currency: string, taken: readonly Amount[], returned: readonly Amount[]): Sums {
  const own = (amounts: readonly Amount[]) => amounts.filter((one) => one.currency === currency);
  const sum = (amounts: readonly Amount[]) => own(amounts).reduce((total, one) => total + one.amount_minor, 0);
  return {
    payments: own(taken).length,
    captured_minor: sum(taken),
    refunds: own(returned).length,
    refunded_minor: sum(returned),
  };
}

function booksIn(currency: string, books: readonly BookSums[]): CurrencyProof['books'] {
  const found = books.find((one) => one.currency === currency);
  return { captured_minor: found?.captured_minor ?? 0, refunded_minor: found?.refunded_minor ?? 0 };
}
