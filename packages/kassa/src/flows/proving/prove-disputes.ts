import {
  type DisputeFacts,
  type DisputeReport,
  disputesKnown,
  findAttempts,
  GatewayFailure,
  joinDispute,
  listDisputes,
} from '../../domain/payments/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { everyPage, moneyWords, type Proof } from './proof.ts';

/** A fact may be on its way to us while we look: what differs is looked at once more after this long. */
const SETTLING_MS = 3_000;
const ROWS_MAX = 10_000;

interface Pair {
  readonly dispute: DisputeReport;
  readonly order_id: string;
  /** `unknown`: no row of ours; `differs`: our row knows less; `same`. */
  readonly found: 'unknown' | 'differs' | 'same';
}

/** Holds every dispute over a payment of ours at Stripe against our rows, and our rows against Stripe, one by one. */
export async function proveDisputes(proof: Proof): Promise<void> {
  const { house, period, counts } = proof;
  const seen = new Set<string>();
  const doubts: DisputeReport[] = [];
  const pages = everyPage((after) =>
    house.gateway.listDisputes({ created_from: period.from, ...(after ? { after } : {}) }),
  );
  for await (const page of pages) {
    const within = page.filter(({ opened_at }) => opened_at < period.to);
    for (const { dispute, found } of await pairsOf(proof, within)) {
      counts.disputes += 1;
      seen.add(dispute.dispute_id);
      if (found !== 'same') doubts.push(dispute);
    }
  }
  if (doubts.length > 0) await judge(proof, doubts);
  await proveOurs(proof, seen);
}

/** Those over a payment of ours; the rest is somebody else's. */
async function pairsOf(proof: Proof, disputes: readonly DisputeReport[]): Promise<Pair[]> {
  const { db, shop } = proof.house;
  const attempts = await findAttempts(
    db,
    shop,
    disputes.map(({ payment_id }) => ({ session_id: null, payment_id })),
  );
  const rows = await disputesKnown(
    db,
    shop,
    disputes.map(({ dispute_id }) => dispute_id),
  );
  return disputes.flatMap((dispute): Pair[] => {
    const attempt = attempts({ session_id: null, payment_id: dispute.payment_id });
    if (!attempt) return [];
    const row = rows.get(dispute.dispute_id);
    const found = row === undefined ? 'unknown' : tellsTheSame(row, dispute) ? 'same' : 'differs';
    return [{ dispute, order_id: attempt.order_id, found }];
  });
}

/** Our row may know more than a list that is a moment old; of the same facts both have the same money. */
function tellsTheSame(row: DisputeFacts, dispute: DisputeFacts): boolean {
  if (joinDispute(row, dispute) !== row) return false;
  if (row.movements !== dispute.movements) return true;
  return row.withdrawn_minor === dispute.withdrawn_minor && row.fee_minor === dispute.fee_minor;
}

async function judge(proof: Proof, doubts: readonly DisputeReport[]): Promise<void> {
  await proof.house.clock.sleep(SETTLING_MS);
  for (const { dispute, order_id, found } of await pairsOf(proof, doubts)) {
    if (found === 'same') continue;
    const { dispute_id: object_id, amount_minor, currency, status } = dispute;
    const order = toTypeId('ord', order_id);
    const asks = `A bank asks ${moneyWords(amount_minor, currency)} of ${order} back: ${object_id} is ${status.replaceAll('_', ' ')}`;
    proof.unexplained.push({
      ...{ object_id, order_id, kind: found === 'unknown' ? 'dispute_unknown' : 'dispute_differs' },
      sentence: `${asks}, and ${found === 'unknown' ? 'the order does not know it' : 'the order tells it otherwise'}`,
      cure: 'kassa doctor: why no webhook arrives, and whether the shop runs; its next comparison writes it down',
    });
  }
}

async function proveOurs(proof: Proof, seen: ReadonlySet<string>): Promise<void> {
  const { house, period, unexplained } = proof;
  const rows = await listDisputes(house.db, house.shop, { since: period.from, limit: ROWS_MAX });
  for (const { stripe_dispute_id: object_id, order_id, opened_at, created_at } of rows) {
    const opened = opened_at ?? created_at;
    if (opened < period.from || opened >= period.to) continue;
    if (seen.has(object_id) || (await isAtStripe(proof, object_id))) continue;
    const order = toTypeId('ord', order_id);
    const sentence = `${order} says that a bank asks money back by ${object_id}, which Stripe does not know`;
    const cure = `kassa explain ${order}: find out who wrote into our row`;
    unexplained.push({ kind: 'dispute_not_at_stripe', object_id, order_id, sentence, cure });
  }
}

/** One that Stripe dates a moment outside the period is there all the same. */
async function isAtStripe({ house }: Proof, dispute_id: string): Promise<boolean> {
  try {
    await house.gateway.readDispute(dispute_id, 'reconcile');
    return true;
  } catch (error) {
    if (error instanceof GatewayFailure && error.kind === 'refused') return false;
    throw error;
  }
}
