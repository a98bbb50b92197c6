import { SANDBOX_VERSION } from '../kernel/options.ts';
import type { Row } from '../store/database.ts';
import type { Outcome, Target, World } from '../store/world.ts';
import { post, systemClock, withTimeout } from '../system.ts';
import { succeeded, writeAttempt } from './attempts.ts';
import { eventBody } from './events.ts';
import type { Plan } from './plan.ts';
import { nextWait } from './retry.ts';
import { signatureHeader } from './sign.ts';
import { findTarget, reachable } from './targets.ts';

interface Delivery {
  seq: number;
  event_id: string;
  target: string;
  attempts: number;
  plan: Plan;
}

const REPLY_BYTES = 2048;
const BATCH = 200;

/** Sends what is due. Overlapping calls never send one delivery twice. */
export interface Deliverer {
  /** Answers how many attempts were made. Deliveries that become due while it runs wait for the next call. */
  run(): Promise<number>;
  nextDueAt(): number | undefined;
}

export function deliverer(world: World): Deliverer {
  const flying = new Set<number>();
  const limit = world.options.deliveriesInFlight ?? (world.options.deliver ? 1 : 4);
  return {
    run: async () => {
      const due = dueDeliveries(world).filter((delivery) => !flying.has(delivery.seq));
      for (const delivery of due) flying.add(delivery.seq);
      const queues = Map.groupBy(due, (delivery) => delivery.target);
      try {
        await Promise.all([...queues.values()].map((queue) => drain(world, queue, limit)));
      } finally {
        for (const delivery of due) flying.delete(delivery.seq);
      }
      return due.length;
    },
    nextDueAt: () =>
      (world.database.one("select min(due_ms) as due from deliveries where state = 'due'")?.due ?? undefined) as
        | number
        | undefined,
  };
}

function dueDeliveries(world: World): Delivery[] {
  const rows = world.database.all(
    "select * from deliveries where state = 'due' and due_ms <= ? order by due_ms, seq limit ?",
    world.clock.now(),
    BATCH,
  );
  const due = rows.map(fromRow);
  const ranked = due.filter((delivery) => delivery.plan.rank !== undefined);
  ranked.sort((a, b) => (a.plan.rank ?? 0) - (b.plan.rank ?? 0));
  // The shuffled ones trade places among themselves; the others keep theirs.
  return due.map((delivery) => (delivery.plan.rank === undefined ? delivery : (ranked.shift() ?? delivery)));
}

function fromRow(row: Row): Delivery {
  return {
    seq: row.seq as number,
    event_id: row.event_id as string,
    target: row.target as string,
    attempts: row.attempts as number,
    plan: JSON.parse(row.plan as string) as Plan,
  };
}

/** Several workers take from one queue in order; the copies of one group go out together. */
async function drain(world: World, queue: Delivery[], limit: number): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const together = [next];
      while (next.plan.group !== undefined && queue[0]?.plan.group === next.plan.group) {
        const twin = queue.shift();
        if (twin) together.push(twin);
      }
      await Promise.all(together.map((delivery) => attempt(world, delivery)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, queue.length) }, worker));
}

async function attempt(world: World, delivery: Delivery): Promise<void> {
  const target = findTarget(world, delivery.target);
  const outcome = target ? await send(world, delivery, target) : { status: null, reply: 'the receiver is gone' };
  const attempts = delivery.attempts + 1;
  const wait = target && !target.push ? nextWait(world.retryProfile, attempts) : undefined;
  const now = world.clock.now();
  const state = succeeded(outcome) ? 'done' : wait === undefined ? 'failed' : 'due';
  world.database.transaction(() => {
    world.database.run(
      'update deliveries set state = ?, attempts = ?, due_ms = ? where seq = ?',
      state,
      attempts,
      state === 'due' ? now + (wait ?? 0) : null,
      delivery.seq,
    );
    writeAttempt(world, delivery, outcome);
  });
  world.log({ what: 'webhook', event: delivery.event_id, target: delivery.target, status: outcome.status, attempts });
}

async function send(world: World, delivery: Delivery, target: Target): Promise<Outcome> {
  const { deliver } = world.options;
  const now = world.clock.now();
  const outage = world.chaos?.outages.some(
    (window) => (window.what === 'webhooks' || window.what === 'all') && window.from <= now && now < window.to,
  );
  if (outage) return { status: null, reply: 'outage' };
  if (!target.push && !deliver && !reachable(target.url, world.options.allowHosts ?? [])) {
    return { status: null, reply: 'refused: webhooks are sent to this machine only' };
  }
  const row = world.database.one('select json from events where id = ?', delivery.event_id);
  const body = eventBody(String(row?.json));
  const headers = headersFor(world, delivery, target, body);
  const timeout_ms = world.options.deliveryTimeoutMs ?? 20_000;
  try {
    if (target.push) return await withTimeout(target.push({ delivery, body, headers }), timeout_ms);
    const request = new Request(target.url, { method: 'POST', headers, body });
    const response = deliver ? await withTimeout(deliver(request), timeout_ms) : await post(request, timeout_ms);
    const text = await response.text();
    return { status: response.status, reply: text.slice(0, REPLY_BYTES) };
  } catch (error) {
    // The outcome is the record: it stands in the attempts and the delivery is tried again.
    return { status: null, reply: String(error).slice(0, REPLY_BYTES) };
  }
}

function headersFor(world: World, delivery: Delivery, target: Target, body: string): Record<string, string> {
  const signWith = world.options.signWith ?? (world.options.deliver && !target.push ? 'clock' : 'wall');
  const now_ms = signWith === 'clock' ? world.clock.now() : systemClock().now();
  const t = Math.floor(now_ms / 1000) - (delivery.plan.stale_s ?? 0);
  const secrets = delivery.plan.wrong_secret ? ['whsec_not_the_secret_of_this_receiver'] : target.secrets;
  const signature = signatureHeader(delivery.plan.corrupt ? `${body} ` : body, t, secrets);
  return {
    'content-type': 'application/json; charset=utf-8',
    'stripe-signature': signature,
    'user-agent': `Stripe/1.0 (+sandbox ${SANDBOX_VERSION})`,
  };
}
