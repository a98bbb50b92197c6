import { type Database, sql } from '../../database/index.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import { disputes, payments, sessions, warnings } from './payment-steps.ts';
import { readAsides } from './story-asides.ts';
import { readDeliveries } from './story-deliveries.ts';

/** One row of a timeline: what happened, to whom, and the row behind it. Secrets are left out where it is read. */
export interface StoryStep {
  readonly at: Date;
  readonly kind:
    | 'request'
    | 'hold'
    | 'session'
    | 'payment'
    | 'webhook'
    | 'order'
    | 'hook'
    | 'mail'
    | 'refund'
    | 'stripe';
  readonly title: string;
  readonly detail: string | null;
  readonly state: 'ok' | 'waiting' | 'failed' | 'info';
  readonly json: unknown;
}

/** Everything that happened to an order, oldest first; what happened in one transaction stands in the order it was done. */
export async function readSteps(db: Database, order_id: string): Promise<StoryStep[]> {
  const parts = [
    await changes(db, order_id),
    await holds(db, order_id),
    await readAsides(db, order_id),
    await sessions(db, order_id),
    await payments(db, order_id),
    await webhooks(db, order_id),
    await refunds(db, order_id),
    await disputes(db, order_id),
    await warnings(db, order_id),
    await readDeliveries(db, order_id),
  ];
  const rank: readonly StoryStep['kind'][] = ['request', 'hold', 'session', 'payment', 'webhook', 'order'];
  const place = (step: StoryStep): number => (rank.includes(step.kind) ? rank.indexOf(step.kind) : rank.length);
  return parts.flat().sort((left, right) => left.at.getTime() - right.at.getTime() || place(left) - place(right));
}

async function changes(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('audit_log')
    .select(['order_version', 'action', 'status_from', 'status_to', 'cause', 'actor', 'details', 'created_at'])
    .where('order_id', '=', order_id)
    .orderBy('order_version')
    .execute();
  return rows.map((row) => {
    const asked = ASKED_FOR[row.action];
    return {
      at: row.created_at,
      kind: asked === undefined ? 'order' : 'request',
      title: asked ?? `Order ${(row.status_to ?? '').replaceAll('_', ' ')}`,
      detail: asked === undefined ? `because of ${row.cause}` : null,
      state: row.action.startsWith('review:') ? 'failed' : 'ok',
      json: row,
    };
  });
}

/** What a buyer's page asked for. */
const ASKED_FOR: Readonly<Record<string, string>> = {
  created: 'Checkout requested',
  filled: 'Buyer’s details stored',
};

async function holds(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('holds')
    .innerJoin('order_lines', 'order_lines.id', 'holds.order_line_id')
    .select(['holds.quantity', 'holds.state', 'holds.expires_at', 'holds.created_at', 'holds.updated_at'])
    .select('order_lines.name')
    .where('holds.order_id', '=', order_id)
    .orderBy('holds.id')
    .execute();
  return rows.map((row) => ({
    at: row.created_at,
    kind: 'hold',
    ...holdWords(row),
    json: row,
  }));
}

interface HoldRow {
  readonly quantity: number;
  readonly name: string;
  readonly state: 'held' | 'sold' | 'released';
  readonly created_at: Date;
  readonly updated_at: Date;
}

function holdWords(row: HoldRow): Pick<StoryStep, 'title' | 'detail' | 'state'> {
  const what = `${row.quantity} × ${row.name}`;
  // Begun as released and never touched since: the offer is held when the buyer's details come.
  const waits = row.state === 'released' && row.created_at.getTime() === row.updated_at.getTime();
  if (waits) return { title: `Nothing held yet of ${what}`, detail: 'waits for the buyer’s details', state: 'info' };
  const detail = { held: 'until the buyer pays or time runs out', sold: 'sold', released: 'given back' }[row.state];
  return { title: `Held ${what}`, detail, state: row.state === 'held' ? 'waiting' : 'ok' };
}

/** Events that were handled for the order, and those about its attempts and refunds that still wait or gave up. */
async function webhooks(db: Database, order_id: string): Promise<StoryStep[]> {
  // Two questions: as one with `or` between them no index answers it, and all events are looked through.
  const { rows } = await sql<HeardEvent & { id: string; type: string; object_id: string | null; received_at: Date }>`
    select id, type, object_id, listed, received_at, handled_at, parked_at, outcome, attempts, last_error
    from kassa.inbox_events where order_id = ${order_id}
    union
    select id, type, object_id, listed, received_at, handled_at, parked_at, outcome, attempts, last_error
    from kassa.inbox_events where handled_at is null and object_id in (
      select session_id from kassa.payment_transactions where order_id = ${order_id}
      union all select payment_id from kassa.payment_transactions where order_id = ${order_id}
      union all select stripe_refund_id from kassa.refunds where order_id = ${order_id})
    order by received_at, id`.execute(db);
  return rows.map((row) => ({
    at: row.received_at,
    kind: 'webhook',
    title: `${row.listed ? 'Event' : 'Webhook'} ${row.type}`,
    detail: heardOf(row),
    state: row.handled_at ? 'ok' : row.parked_at ? 'failed' : 'waiting',
    json: row,
  }));
}

interface HeardEvent {
  /** Only our own asking has brought it so far; nobody signed it. */
  readonly listed: boolean;
  readonly handled_at: Date | null;
  readonly parked_at: Date | null;
  readonly outcome: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
}

function heardOf({ listed, handled_at, parked_at, outcome, attempts, last_error }: HeardEvent): string {
  const came = listed ? 'found by asking Stripe' : 'signed';
  if (handled_at)
    return outcome === 'unchanged' ? `${came}; known already, nothing changed` : `${came}, stored, then handled`;
  if (last_error === null) return `${came} and stored, not handled yet`;
  return `${came} and stored, ${parked_at ? 'given up' : 'not handled'} ${attempts === 1 ? 'after 1 try' : `after ${attempts} tries`}: ${last_error}`;
}

async function refunds(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('refunds')
    .select(['id', 'amount_minor', 'currency', 'cause', 'status', 'stripe_refund_id', 'failure_reason', 'created_at'])
    .where('order_id', '=', order_id)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    at: row.created_at,
    kind: 'refund',
    title: `Refund of ${decimalFromMinor(row.amount_minor, row.currency)} ${row.currency.toUpperCase()} ${row.status}`,
    detail: row.cause.replaceAll('_', ' '),
    state: row.status === 'succeeded' ? 'ok' : row.status === 'failed' ? 'failed' : 'waiting',
    json: row,
  }));
}
