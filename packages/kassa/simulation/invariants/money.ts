import { toTypeId } from '../../src/kernel/ids.ts';
import { customersAtStripe, intentsAtStripe } from './at-stripe.ts';
import type { Scene, Violation } from './finding.ts';

/**
 * M1: per currency our account `stripe`, and what its fees took from it, is what the sandbox's own books hold for us;
 * what disputes cost is what it took for them, and what payments cost never more than it took. At rest only.
 */
export async function ledgerMatchesBooks(scene: Scene): Promise<Violation[]> {
  const { ask, books } = scene;
  const aside = await besideBooks(scene);
  const rows = await ask<{ currency: string; amount: string; cost: string; taken: string }>(
    `select currency, coalesce(sum(amount_minor), 0)::text as amount,
       coalesce(sum(amount_minor) filter (where account = 'fees' and cause like 'dispute_fee:%'), 0)::text as cost,
       coalesce(sum(amount_minor) filter (where account = 'fees' and cause like 'fee:%'), 0)::text as taken
     from kassa.ledger_entries where account in ('stripe', 'fees') group by currency`,
  );
  const ours = new Map(
    rows.map((row) => [row.currency, { held: Number(row.amount), cost: Number(row.cost), taken: Number(row.taken) }]),
  );
  const currencies = new Set([...ours.keys(), ...Object.keys(books.currencies)]);
  return [...currencies].flatMap((currency): Violation[] => {
    const theirs = books.currencies[currency];
    const all = theirs ? theirs.captured - theirs.refunded_succeeded - theirs.disputed + theirs.reinstated : 0;
    const held = all - (aside.get(currency) ?? 0);
    const cost = theirs?.dispute_fees ?? 0;
    const mine = ours.get(currency) ?? { held: 0, cost: 0, taken: 0 };
    const most = theirs?.fees ?? 0;
    if (mine.held === held && mine.cost === cost && mine.taken <= most) return [];
    const sentence = `the ledger holds ${mine.held} ${currency} at Stripe and ${mine.cost} and ${mine.taken} of fees, whose books say ${held}, ${cost} and ${most}`;
    return [{ invariant: 'M1', sentence }];
  });
}

/** Minor units that were taken past Kassa and that no order of ours has: another program's, or before a person. */
async function besideBooks({ ask, books, evidence }: Scene): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  if (evidence.past_kassa.size === 0) return sums;
  const ids = [...evidence.past_kassa.keys()];
  const rows = await ask<{ id: string }>(
    'select payment_id as id from kassa.payment_transactions where payment_id = any($1::text[])',
    [ids],
  );
  const known = new Set(rows.map(({ id }) => id));
  for (const { payment_intent, captured, currency } of books.charges) {
    const id = payment_intent ?? '';
    if (!evidence.past_kassa.has(id) || known.has(id)) continue;
    sums.set(currency, (sums.get(currency) ?? 0) + captured);
  }
  return sums;
}

/** M6 toward one buyer: whoever orders by a quote pays what the page was told, whatever became of prices since. */
export function quotesAreKept({ evidence }: Scene): Violation[] {
  return [...evidence.quoted].flatMap(([id, { told_minor, opened_minor }]) => {
    if (opened_minor === null || opened_minor === told_minor) return [];
    return [{ invariant: 'M6', sentence: `quote ${id} said ${told_minor} and its checkout asks for ${opened_minor}` }];
  });
}

interface AttemptRow {
  id: string;
  order_id: string;
  session_id: string | null;
  payment_id: string | null;
  kept: boolean;
  received: string;
  status: string;
  total: string;
  reviewed: boolean;
  refunded: string;
  told: boolean;
}

/**
 * O2, the headline: every payment that Stripe's books hold is one fulfilled order, or went back, or stands before a
 * person. And its reverse: an order that is paid has its money in the books (O1, M5, M6). At rest only.
 */
export async function everyPaymentHasItsEnd(scene: Scene): Promise<Violation[]> {
  const rows = await scene.ask<AttemptRow>(
    `select a.id, a.order_id, a.session_id, a.payment_id, a.kept, a.received_minor::text as received, o.status,
       o.total_minor::text as total, o.review_reason is not null as reviewed,
       coalesce((select sum(r.amount_minor) from kassa.refunds r where r.attempt_id = a.id and r.status = 'succeeded'), 0)::text as refunded,
       exists (select from kassa.outbox_messages m where m.order_id = o.id and m.topic = 'order.paid') as told
     from kassa.payment_transactions a join kassa.orders o on o.id = a.order_id order by a.id`,
  );
  const breaks = await scene.ask<{ id: string }>(
    'select stripe_object_id as id from kassa.reconcile_breaks where resolved_at is null',
  );
  const explained = new Set(breaks.map(({ id }) => id));
  const found: Violation[] = [];
  const say = (invariant: string, sentence: string): void => void found.push({ invariant, sentence });
  const matched = new Set<string>();
  for (const charge of scene.books.charges) {
    const mine = rows.filter(
      (row) =>
        (row.session_id !== null && row.session_id === charge.session) ||
        (row.payment_id !== null && row.payment_id === charge.payment_intent),
    );
    const [row] = mine;
    if (mine.length > 1) say('O6', `charge ${charge.charge} belongs to ${mine.length} attempts`);
    if (!row) {
      if (scene.evidence.past_kassa.get(charge.payment_intent ?? '') === 'of others') continue;
      if (!explained.has(charge.session ?? charge.payment_intent ?? ''))
        say('O2', `charge ${charge.charge} of ${charge.captured} has no order`);
      continue;
    }
    matched.add(row.id);
    if (Number(row.received) !== charge.captured) {
      say('M6', `attempt ${row.id} notes ${row.received} of a charge of ${charge.captured}`);
    }
    const back = charge.refunds.filter((one) => one.state === 'succeeded').reduce((sum, one) => sum + one.amount, 0);
    if (back !== Number(row.refunded))
      say('M4', `attempt ${row.id} notes ${row.refunded} given back, the books ${back}`);
    const fulfilled = row.kept && ['paid', 'partially_refunded', 'refunded'].includes(row.status) && row.told;
    if (fulfilled || back === charge.captured || row.reviewed) continue;
    const open = charge.refunds.some((one) => one.state === 'failed');
    say(
      'O2',
      `order ${row.order_id} (${row.status}) took ${charge.captured}, gave ${back} back${open ? ' (a refund failed)' : ''}, and nobody is told`,
    );
  }
  for (const row of rows) {
    if (Number(row.received) > 0 && !matched.has(row.id))
      say('O1', `attempt ${row.id} says that ${row.received} came, the books know nothing`);
    if (row.kept && Number(row.total) > 0 && !matched.has(row.id))
      say('O1', `order ${row.order_id} is paid without a charge`);
  }
  return found;
}

/** M4 for our own refunds: one that Stripe has and that nobody made in its dashboard is one of ours, sent twice. */
export async function oneRefundPerWish({ ask, evidence }: Scene): Promise<Violation[]> {
  const [row] = await ask<{ adopted: string }>("select count(*) as adopted from kassa.refunds where cause = 'adopted'");
  const adopted = Number(row?.adopted ?? 0);
  if (adopted <= evidence.dashboard_refunds) return [];
  const sentence = `${adopted} refunds came from Stripe's dashboard, where ${evidence.dashboard_refunds} were made`;
  return [{ invariant: 'M4', sentence }];
}

/** F45: money goes back because somebody asked, or because the order does not keep it; by no other change of state. */
export async function nobodyRefundsUnasked({ ask }: Scene): Promise<Violation[]> {
  const rows = await ask<{ id: string; requested_by: string | null }>(
    `select id, requested_by from kassa.refunds where cause = 'requested' and requested_by is distinct from 'admin:desk'`,
  );
  return rows.map(({ id, requested_by }) => ({
    invariant: 'F45',
    sentence: `refund ${id} was asked for by ${requested_by}, and nobody did`,
  }));
}

/** O6 for customers: nobody is known at Stripe twice, whatever was lost on the way. */
export function oneCustomerEach({ sandbox }: Scene): Violation[] {
  const seen = new Map<string, number>();
  for (const id of customersAtStripe(sandbox)) seen.set(id, (seen.get(id) ?? 0) + 1);
  return [...seen]
    .filter(([, times]) => times > 1)
    .map(([id, times]) => ({ invariant: 'O6', sentence: `customer ${id} stands ${times} times at Stripe` }));
}

/** O6 for sessions and payments: one attempt never has two at Stripe, whatever was lost on the way. */
export function oneObjectPerAttempt(attempts: ReadonlyMap<string, number>, scene: Scene): Violation[] {
  const sessions = scene.books.sessions.map(({ session, client_reference_id }) => ({
    id: session,
    order: client_reference_id ?? '',
  }));
  const made = new Map<string, number>();
  const intents = intentsAtStripe(scene.sandbox).filter(({ id }) => !scene.evidence.past_kassa.has(id));
  for (const { order } of [...sessions, ...intents]) made.set(order, (made.get(order) ?? 0) + 1);
  return [...attempts].flatMap(([order_id, count]) => {
    const objects = made.get(toTypeId('ord', order_id)) ?? 0;
    if (objects <= count) return [];
    return [
      {
        invariant: 'O6',
        sentence: `order ${order_id} has ${count} attempts and ${objects} sessions or payments at Stripe`,
      },
    ];
  });
}
