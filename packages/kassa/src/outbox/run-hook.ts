import type { HookCall, HookDispute, HookEvent, HookOrder, Hooks, HookTransaction } from '../config/hooks.ts';
import {
  assertNoTransaction,
  type ClaimedDelivery,
  inTransaction,
  markDelivered,
  sql,
  type Transaction,
} from '../database/index.ts';
import { hashOf, toTypeId } from '../kernel/ids.ts';
import type { OutboxDesk } from './desk.ts';
import { findEffect, rememberEffect, type Step } from './effects-table.ts';
import { type OrderView, readOrderView } from './order-view.ts';
import { withinLimit } from './time-limit.ts';

const STEP_NAME_LENGTH_MAX = 150;

/** What a run may still do. A run that was given up or has committed must not change anything afterwards. */
interface Run {
  state: 'running' | 'committed' | 'ended';
}

/**
 * Runs the shop's own function for a message: at least once, off every request path, outside every transaction. With
 * `once` a finished step is not run again; with `commit` the shop's writes and the mark are one transaction.
 * @returns whether `commit` has marked the delivery as done already.
 * @throws whatever the hook throws, or when it takes too long; the delivery stays due and finished steps stay finished.
 */
export async function runHook(desk: OutboxDesk, delivery: ClaimedDelivery): Promise<'marked' | 'unmarked'> {
  assertNoTransaction();
  const hook = hookFor(desk.hooks, delivery.topic);
  if (!hook) throw new Error(`kassa.hooks.ts no longer has a function for ${delivery.topic}`);
  const order = await readOrderView(desk.db, delivery.order_id, delivery.order_version);
  const run: Run = { state: 'running' };
  const call: HookCall = {
    event: delivery.topic as HookEvent,
    order: asHookOrder(order),
    attempt: delivery.attempts + 1,
    dispute: disputeIn(delivery),
    once: (name, step) => once(desk, delivery, run, { name, step }),
    commit: (work) => commit(desk, delivery, run, work),
  };
  try {
    await withinLimit(desk, async () => hook(call));
  } catch (error) {
    if (!committed(run)) throw error;
    // The shop's writes and the mark are committed, so running it again would be wrong; the log keeps the error.
    desk.log.error({ order_id: order.order_id, topic: delivery.topic, err: error }, 'a hook threw after its commit');
  } finally {
    if (!committed(run)) run.state = 'ended';
  }
  return committed(run) ? 'marked' : 'unmarked';
}

/** What the message says of a dispute, which is what stood when it was written. */
function disputeIn({ topic, payload }: ClaimedDelivery): HookDispute | null {
  if (!topic.startsWith('dispute.')) return null;
  const { dispute_id, ...facts } = payload as unknown as Omit<HookDispute, 'id'> & { readonly dispute_id: string };
  return Object.freeze({ id: dispute_id, ...facts });
}

/** Read through a function: the hook changes it behind the type checker's back. */
function committed(run: Run): boolean {
  return run.state === 'committed';
}

function hookFor(hooks: Hooks['on'], topic: string): ((call: HookCall) => Promise<void> | void) | undefined {
  return Object.hasOwn(hooks, topic) ? hooks[topic as HookEvent] : undefined;
}

interface OnceArguments<Result> {
  readonly name: string;
  readonly step: (call: { readonly idempotency_key: string }) => Promise<Result> | Result;
}

async function once<Result>(
  desk: OutboxDesk,
  delivery: ClaimedDelivery,
  run: Run,
  { name, step }: OnceArguments<Result>,
): Promise<Result> {
  assertNoTransaction();
  checkRunning(run, `once('${name}')`);
  if (typeof name !== 'string' || name === '' || name.length > STEP_NAME_LENGTH_MAX) {
    throw new TypeError(`once() takes a name of 1 to ${STEP_NAME_LENGTH_MAX} characters as its first argument`);
  }
  const known: Step = { order_id: delivery.order_id, topic: delivery.topic, name: `once:${name}` };
  const before = await findEffect(desk.db, known);
  if (before) return remembered(before.result);
  // The same for every try of this step, on every machine: the receiver can tell a repeat by it.
  const idempotency_key = `kassa-${hashOf(`${known.order_id}/${known.topic}/${known.name}`).slice(0, 40)}`;
  const answer = await step({ idempotency_key });
  const result = answer === undefined ? null : JSON.stringify(answer);
  if (result === undefined) throw new TypeError(`the result of once('${name}') cannot be kept as JSON`);
  // Remembered even when this run was given up meanwhile: the step did happen.
  await rememberEffect(desk.db, { ...known, id: desk.ids.uuid(), result, at: desk.clock.now() });
  return remembered(result === null ? null : JSON.parse(result));
}

/** The first run answers what every later one will: a date that has become text must not surprise the repeat alone. */
function remembered<Result>(result: unknown): Result {
  return (result ?? undefined) as Result;
}

async function commit<Result>(
  desk: OutboxDesk,
  delivery: ClaimedDelivery,
  run: Run,
  work: (tx: HookTransaction) => Promise<Result>,
): Promise<Result> {
  checkRunning(run, 'commit()');
  const result = await inTransaction(desk.db, async (tx) => {
    await markDelivered(tx, delivery, desk.clock.now());
    return work(handTo(tx));
  });
  run.state = 'committed';
  return result;
}

function checkRunning(run: Run, what: string): void {
  if (run.state === 'committed') throw new Error(`${what} came after commit(): the hook is done by then`);
  if (run.state === 'ended') throw new Error(`${what} came after the hook had ended: await every step`);
}

/** The shop's SQL in our transaction, with `$1` placeholders. */
function handTo(tx: Transaction): HookTransaction {
  return {
    async sql(text, values = []) {
      const compiled = sql.raw(text).compile(tx);
      const { rows } = await tx.executeQuery<Record<string, unknown>>({ ...compiled, parameters: values });
      return rows;
    },
  };
}

function asHookOrder({
  order_id,
  locale: _locale,
  metadata: _metadata,
  lines,
  paid_at,
  ...order
}: OrderView): HookOrder {
  return Object.freeze({
    id: toTypeId('ord', order_id),
    ...order,
    paid_at: paid_at === null ? null : paid_at.toISOString(),
    lines: Object.freeze(
      lines.map(({ line_id, starts_at: _starts, time_zone: _zone, ...line }) =>
        Object.freeze({ id: toTypeId('ln', line_id), ...line }),
      ),
    ),
  });
}
