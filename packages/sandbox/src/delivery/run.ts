import type { Row } from '../store/database.ts';
import type { World } from '../store/world.ts';
import { succeeded, writeAttempt } from './attempts.ts';
import type { Plan } from './plan.ts';
import { nextWait } from './retry.ts';
import { type Delivery, send } from './send.ts';
import { findTarget } from './targets.ts';

/** How many deliveries are taken from the store at once. */
const BATCH = 200;

/** Sends what is due. One queue per receiver: one that hangs holds up nobody but itself. */
export interface Deliverer {
  /**
   * Takes what is due now into the queues. What becomes due later waits for the next call, and nothing is taken twice.
   * @returns how many were taken, and when the last of them has been tried
   */
  start(): { started: number; done: Promise<unknown> };
  /** Waits for what is in the queues and under way now, whoever took it. Answers how many those were. */
  underWay(): Promise<number>;
  nextDueAt(): number | undefined;
  /** Hangs up on every receiver. What was under way counts as never tried. */
  stop(): void;
}

/** One delivery in its queue. */
interface Place {
  delivery: Delivery;
  tried(): void;
}

interface Queue {
  waiting: Place[];
  /** How many workers are at it. */
  workers: number;
}

export function deliverer(world: World): Deliverer {
  const limit = world.options.deliveriesInFlight ?? (world.options.deliver ? 1 : 4);
  const ending = new AbortController();
  let crew = newCrew(world.epoch);
  const start: Deliverer['start'] = () => {
    // After a reset the same numbers mean other deliveries.
    if (crew.epoch !== world.epoch) crew = newCrew(world.epoch);
    const due = ending.signal.aborted ? [] : dueDeliveries(world, crew);
    const tried = due.map((delivery) => enqueue(crew, delivery));
    for (const queue of crew.queues.values()) {
      while (queue.workers < limit && queue.waiting.length > 0) void work(world, crew, queue, ending.signal);
    }
    return { started: due.length, done: Promise.all(tried) };
  };
  return {
    start,
    underWay: async () => (await Promise.all(crew.taken.values())).length,
    nextDueAt: () =>
      (world.database.one("select min(due_ms) as due from deliveries where state = 'due'")?.due ?? undefined) as
        | number
        | undefined,
    stop: () => ending.abort(),
  };
}

/** The queues of one world, and what stands in them or is under way. */
interface Crew {
  epoch: number;
  queues: Map<string, Queue>;
  /** By number, with the promise that is kept when it has been tried. */
  taken: Map<number, Promise<void>>;
}

function newCrew(epoch: number): Crew {
  return { epoch, queues: new Map(), taken: new Map() };
}

/** A queue that still has some is left out, so that a long one does not crowd out the others. */
function dueDeliveries(world: World, { queues, taken }: Crew): Delivery[] {
  const full = [...queues].filter(([, queue]) => queue.waiting.length > 0).map(([target]) => target);
  const rows = world.database.all(
    "select * from deliveries where state = 'due' and due_ms <= ? and target not in (select value from json_each(?)) " +
      'order by due_ms, seq limit ?',
    world.clock.now(),
    JSON.stringify(full),
    BATCH,
  );
  const due = rows.filter((row) => !taken.has(row.seq as number)).map(fromRow);
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

/** Resolves when it has been tried. */
function enqueue({ queues, taken }: Crew, delivery: Delivery): Promise<void> {
  const queue = queues.get(delivery.target) ?? { waiting: [], workers: 0 };
  queues.set(delivery.target, queue);
  const done = new Promise<void>((tried) => void queue.waiting.push({ delivery, tried }));
  taken.set(delivery.seq, done);
  return done;
}

/** Takes from one queue in order until it is empty; the copies of one group go out together. */
async function work(world: World, crew: Crew, queue: Queue, ending: AbortSignal): Promise<void> {
  queue.workers++;
  for (let next = queue.waiting.shift(); next; next = queue.waiting.shift()) {
    const together = [next];
    const { group } = next.delivery.plan;
    while (group !== undefined && queue.waiting[0]?.delivery.plan.group === group) {
      const twin = queue.waiting.shift();
      if (twin) together.push(twin);
    }
    await Promise.all(together.map((place) => attempt(world, crew, place, ending)));
  }
  queue.workers--;
}

/** Never rejects: what goes wrong with one delivery must not stop its queue. */
async function attempt(world: World, crew: Crew, { delivery, tried }: Place, ending: AbortSignal): Promise<void> {
  const began_ms = world.clock.now();
  const over = (): boolean => ending.aborted || crew.epoch !== world.epoch;
  try {
    const target = over() ? undefined : findTarget(world, delivery.target);
    const gone = { status: null, reply: 'the receiver is gone' };
    const outcome = target ? await send(world, { ...delivery, began_ms }, target, ending) : gone;
    if (over()) return;
    const attempts = delivery.attempts + 1;
    const wait = target && !target.push ? nextWait(world.retryProfile, attempts) : undefined;
    const state = succeeded(outcome) ? 'done' : wait === undefined ? 'failed' : 'due';
    world.database.transaction(() => {
      world.database.run(
        'update deliveries set state = ?, attempts = ?, due_ms = ? where seq = ?',
        state,
        attempts,
        state === 'due' ? world.clock.now() + (wait ?? 0) : null,
        delivery.seq,
      );
      writeAttempt(world, { ...delivery, began_ms }, outcome);
    });
    const { event_id: event, target: receiver } = delivery;
    world.log({ what: 'webhook', event, target: receiver, status: outcome.status, attempts });
  } catch (error) {
    world.log({ what: 'bug', event: delivery.event_id, error: String(error) });
  } finally {
    crew.taken.delete(delivery.seq);
    tried();
  }
}
