import { findAttempts, GatewayFailure, type RefundReport } from '../../domain/payments/index.ts';
import { type RefundRow, refundRows, refundsIn } from '../../domain/proof/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { everyPage, moneyWords, type Proof } from './proof.ts';

const SETTLING_MS = 3_000;
/** A refund that nobody has sent for so long is stuck: Stripe may be away for hours, not for a day. */
const UNSENT_MAX_MS = 86_400_000;

interface Pair {
  readonly refund: RefundReport;
  readonly row: RefundRow | undefined;
  readonly order_id: string;
}

/** Holds every refund of our payments at Stripe against our rows, and our rows against Stripe. */
export async function proveRefunds(proof: Proof): Promise<void> {
  const { house, period, counts } = proof;
  const window = { created_from: period.from, created_to: period.to };
  const seen = new Set<string>();
  const doubts: Pair[] = [];
  const pages = everyPage((after) => house.gateway.listRefunds({ ...window, ...(after ? { after } : {}) }));
  for await (const page of pages) {
    counts.refunds += page.length;
    for (const pair of await pairsOf(proof, page)) {
      seen.add(pair.refund.refund_id);
      if (isSame(pair)) count(proof, pair);
      else doubts.push(pair);
    }
  }
  if (doubts.length > 0) await judge(proof, doubts);
  await provesOurs(proof, seen);
}

/** Those that give back a payment of ours; the rest is somebody else's. */
async function pairsOf(proof: Proof, page: readonly RefundReport[]): Promise<Pair[]> {
  const { db, shop } = proof.house;
  const known = await findAttempts(
    db,
    shop,
    page.map(({ payment_id }) => ({ session_id: null, payment_id })),
  );
  const rows = await refundRows(
    db,
    shop,
    page.map(({ refund_id }) => refund_id),
  );
  return page.flatMap((refund) => {
    const attempt = known({ session_id: null, payment_id: refund.payment_id });
    const row = rows.get(refund.refund_id);
    const order_id = row?.order_id ?? attempt?.order_id;
    return order_id === undefined ? [] : [{ refund, row, order_id }];
  });
}

function isSame({ refund, row }: Pair): boolean {
  return row?.amount_minor === refund.amount_minor && row.currency === refund.currency && row.status === refund.status;
}

function count(proof: Proof, { refund, row }: Pair): void {
  const { amount_minor, currency } = refund;
  if (refund.status === 'succeeded') proof.refunds.set(refund.refund_id, { amount_minor, currency });
  if (row?.status === 'succeeded') proof.refund_ids.set(row.id, row);
}

async function judge(proof: Proof, doubts: readonly Pair[]): Promise<void> {
  await proof.house.clock.sleep(SETTLING_MS);
  const again = await pairsOf(
    proof,
    doubts.map(({ refund }) => refund),
  );
  for (const pair of again) {
    count(proof, pair);
    if (isSame(pair)) continue;
    const { refund, row, order_id } = pair;
    const order = toTypeId('ord', order_id);
    const back = moneyWords(refund.amount_minor, refund.currency);
    const sentence = row
      ? `Stripe says that ${refund.refund_id} of ${back} is ${refund.status}, and ${order} says ${moneyWords(row.amount_minor, row.currency)} ${row.status}`
      : `Stripe gave ${back} of ${order} back as ${refund.refund_id}, and the order does not know it`;
    const kind = row ? 'refund_differs' : 'refund_unknown';
    const cure = `kassa explain ${order} --fix`;
    proof.unexplained.push({ kind, object_id: refund.refund_id, order_id, sentence, cure });
  }
}

async function provesOurs(proof: Proof, seen: ReadonlySet<string>): Promise<void> {
  const { house, period, unexplained } = proof;
  const now_ms = house.clock.now().getTime();
  for (const row of await refundsIn(house.db, house.shop, period)) {
    const { order_id, stripe_refund_id, status } = row;
    const order = toTypeId('ord', order_id);
    const sum = moneyWords(row.amount_minor, row.currency);
    if (stripe_refund_id === null) {
      if (status !== 'requested' || now_ms - row.created_at.getTime() < UNSENT_MAX_MS) continue;
      const sentence = `a refund of ${sum} of ${order} has waited since ${row.created_at.toISOString()}`;
      unexplained.push({ kind: 'refund_unsent', object_id: null, order_id, sentence, cure: `kassa explain ${order}` });
    } else if (!seen.has(stripe_refund_id) && !(await isAtStripe(proof, stripe_refund_id))) {
      const sentence = `${order} says that ${sum} went back as ${stripe_refund_id}, and Stripe does not know it`;
      const cure = `kassa explain ${order}: ask the buyer whether the money came`;
      unexplained.push({ kind: 'refund_not_at_stripe', object_id: stripe_refund_id, order_id, sentence, cure });
    }
  }
}

/** One that Stripe dates a moment outside the period is there all the same. */
async function isAtStripe(proof: Proof, stripe_refund_id: string): Promise<boolean> {
  try {
    const refund = await proof.house.gateway.readRefund(stripe_refund_id, 'reconcile');
    for (const pair of await pairsOf(proof, [refund])) count(proof, pair);
    return true;
  } catch (error) {
    if (error instanceof GatewayFailure && error.kind === 'refused') return false;
    throw error;
  }
}
