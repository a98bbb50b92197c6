import {
  type Attempt,
  findAttempts,
  isLive,
  isMarkedBy,
  type ListedIntent,
  type PaymentReport,
} from '../../domain/payments/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { everyPage, moneyWords, type Proof } from './proof.ts';

/** What Stripe says of a payment, and the attempt that it belongs to. */
interface Pair {
  readonly report: PaymentReport;
  readonly attempt: Attempt | undefined;
}

/** A fact may be on its way to us while we look: what differs is looked at once more after this long. */
const SETTLING_MS = 3_000;

/**
 * Holds every session and every payment of the period against our attempts: each one that carries our mark and took
 * money is one order's, with the same amount in the same currency.
 */
export async function provePayments(proof: Proof): Promise<void> {
  const { house, period, counts } = proof;
  const window = { created_from: period.from, created_to: period.to };
  const doubts: PaymentReport[] = [];
  const sessions = everyPage((after) => house.gateway.listSessions({ ...window, ...afterOf(after) }));
  for await (const page of sessions) {
    counts.sessions += page.length;
    doubts.push(...(await comparePage(proof, page)));
  }
  const intents = everyPage((after) => house.gateway.listIntents({ ...window, ...afterOf(after) }));
  for await (const page of intents) {
    counts.payments += page.length;
    const alone = page.filter(({ payment_id }) => !proof.seen.has(payment_id));
    doubts.push(...(await comparePage(proof, await withSessions(proof, alone))));
  }
  await judge(proof, doubts);
}

/** Looks at one payment by itself, as at those of the lists. */
export async function provePayment(proof: Proof, report: PaymentReport): Promise<void> {
  await judge(proof, await comparePage(proof, [report]));
}

function afterOf(after: string | undefined): { after?: string } {
  return after === undefined ? {} : { after };
}

/** @returns those that look wrong at first sight. */
async function comparePage(proof: Proof, reports: readonly PaymentReport[]): Promise<PaymentReport[]> {
  const { db, shop } = proof.house;
  const known = await findAttempts(db, shop, reports);
  return reports.filter((report) => {
    for (const id of [report.session_id, report.payment_id]) if (id !== null) proof.seen.add(id);
    const pair = { report, attempt: known(report) };
    const doubtful = differenceOf(pair) !== undefined;
    if (!pair.attempt && !isMarkedBy(shop, report)) proof.counts.foreign += 1;
    else if (!doubtful) count(proof, pair);
    return doubtful && (pair.attempt !== undefined || isMarkedBy(shop, report));
  });
}

/** A payment that no attempt has by its own id may be that of a session which was made before the period. */
async function withSessions(proof: Proof, intents: readonly ListedIntent[]): Promise<PaymentReport[]> {
  const { db, shop, gateway } = proof.house;
  const refs = intents.map(({ payment_id }) => ({ session_id: null, payment_id }));
  const known = await findAttempts(db, shop, refs);
  const found: PaymentReport[] = [];
  for (const intent of intents) {
    const lost = intent.payment_status === 'paid' && isMarkedBy(shop, intent);
    const has_attempt = known({ session_id: null, payment_id: intent.payment_id }) !== undefined;
    found.push((lost && !has_attempt && (await gateway.sessionOfPayment(intent.payment_id))) || intent);
  }
  return found;
}

function count(proof: Proof, { report, attempt }: Pair): void {
  if (report.payment_status !== 'paid' || report.amount_minor === 0) return;
  proof.payments.set(report.payment_id ?? report.session_id ?? '', report);
  if (attempt && attempt.received_minor > 0) proof.attempts.set(attempt.id, attempt);
}

/** Names what still looks wrong once the news of the last moment has been written down. */
async function judge(proof: Proof, doubts: readonly PaymentReport[]): Promise<void> {
  if (doubts.length === 0) return;
  const { db, shop, clock } = proof.house;
  await clock.sleep(SETTLING_MS);
  const known = await findAttempts(db, shop, doubts);
  for (const report of doubts) {
    const pair = { report, attempt: known(report) };
    count(proof, pair);
    const wrong = differenceOf(pair);
    const object_id = report.session_id ?? report.payment_id;
    if (wrong) proof.unexplained.push({ ...wrong, object_id, order_id: pair.attempt?.order_id ?? null });
  }
}

interface Difference {
  readonly kind: string;
  readonly sentence: string;
  readonly cure: string;
}

/** What is wrong between the two, or undefined. Reads nothing and writes nothing. */
function differenceOf({ report, attempt }: Pair): Difference | undefined {
  const { session_id, payment_id, payment_status, amount_minor, currency } = report;
  const id = session_id ?? payment_id ?? '';
  const took = moneyWords(amount_minor, currency === '' ? 'usd' : currency);
  if (!attempt) {
    if (payment_status !== 'paid') return undefined;
    const kind = session_id === null ? 'payment_without_order' : 'order_missing';
    return { kind, sentence: `Stripe took ${took} for ${id}, and no order knows it`, cure: `kassa adopt ${id}` };
  }
  const order = toTypeId('ord', attempt.order_id);
  const cure = `kassa explain ${order} --fix`;
  const { received_minor } = attempt;
  const noted = moneyWords(received_minor, attempt.currency);
  if (payment_status === 'paid') {
    if (isLive(attempt.payment_status) || received_minor === 0) {
      return {
        kind: 'payment_not_settled',
        sentence: `Stripe took ${took} for ${id}, and ${order} has not heard`,
        cure,
      };
    }
    if (received_minor === amount_minor && (attempt.currency === currency || received_minor === 0)) return undefined;
    return {
      kind: 'amount_differs',
      sentence: `Stripe took ${took} for ${id}, and ${order} says ${noted}`,
      cure: `kassa explain ${order}: Stripe is right; find out who wrote into our row`,
    };
  }
  if (received_minor === 0) return undefined;
  return {
    kind: 'payment_not_at_stripe',
    sentence: `${order} says that it received ${noted} by ${id}, and Stripe took nothing`,
    cure: `kassa explain ${order}: take its fulfilment back, and find out who wrote into our row`,
  };
}
