import { replayParked } from '../actors/operator.ts';
import { START_MS } from '../engine/start.ts';
import { TIMER_AT_WORK } from '../invariants/messages.ts';
import { SENT_BACK_MAX } from '../invariants/unexpected.ts';
import type { WorkerName } from '../world/workers.ts';
import type { World } from './world.ts';

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

interface Due {
  readonly worker: WorkerName;
  readonly at: number;
}

const DUE_SQL = `
  select 'inbox' as worker, extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000 as at
    from kassa.inbox_events where handled_at is null and parked_at is null
  union all select 'outbox', extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000
    from kassa.deliveries
    where delivered_at is null and parked_at is null and waits_for is null and frozen_at is null
  union all select 'timers', extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000
    from kassa.timers where kind not in ('reconcile', 'fetch_events')
  union all select 'reconcile', extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000
    from kassa.timers where kind = 'reconcile'
  union all select 'fetch_events', extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000
    from kassa.timers where kind = 'fetch_events'`;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** In calm weather the next comparison may wait: each costs as much as a purchase, and days have to pass. */
const CALM_LAG_MS = 12 * 60 * MINUTE;
/** So long after the last buyer a punctual world stays so. */
const PUNCTUAL_MS = 30 * MINUTE;
/** From the second calm day on only banks are waited for, who take a week. */
const LATE_LAG_MS = 48 * 60 * MINUTE;
/** Faults end with the last buyer, or after this long. */
const TROUBLE_MAX_MS = 8 * 60 * MINUTE;
/** From the last fault on everything must come to its end within this: the slowest bank, the longest pause, and room. */
const REST_WITHIN_MS = 14 * DAY;

/** How far a run has come on its way to rest. */
interface Way {
  readonly world: World;
  readonly ask: Ask;
  /** How long after its time the comparison with Stripe is run while there is trouble. */
  readonly lag_ms: number;
  due: readonly Due[];
  /** Nobody is sent round before. */
  not_before: number;
  calm_since: number | undefined;
  replayed: boolean;
  /** Since when only comparing is left. */
  quiet_since: number | undefined;
}

/**
 * Moves time when nobody can go on: to the next sleeper, the next thing due at Stripe, or the next row that is due,
 * whose worker it then sends round. Says no when nothing is left to do but comparing for ever.
 */
export function untilRest(world: World, ask: Ask): () => Promise<boolean> {
  const lag_ms = world.dice.pick([0, 10, 30, 30, 60, 60]) * MINUTE;
  const way: Way = {
    ...{
      world,
      ask,
      lag_ms,
      due: [],
      not_before: 0,
      calm_since: undefined,
      replayed: false,
      quiet_since: undefined,
    },
  };
  return () => idle(way);
}

async function idle(way: Way): Promise<boolean> {
  const { world } = way;
  const { scheduler } = world;
  calmDown(way);
  way.due = await look(way);
  const now = scheduler.now();
  if (now - undisturbedSince(way, now) > REST_WITHIN_MS) {
    const sentence = `still at work ${REST_WITHIN_MS / DAY} days after the last fault`;
    world.evidence.violations.push({ invariant: 'L1', sentence });
    return false;
  }
  const waiting = sandboxDue(world);
  if (waiting !== undefined && waiting <= now) {
    world.tick();
    return true;
  }
  if (sendRound(way)) return true;
  const left = nothingWaits(way) ? await lookAround(way) : undefined;
  if (left?.only_comparing === false) way.quiet_since = undefined;
  if (left?.only_comparing) {
    if (!way.replayed) {
      way.replayed = true;
      if (await replayParked(world, way.ask)) return true;
    }
    // One comparison after the last change that looks at everything, so that what only it can find is found.
    way.quiet_since ??= now;
    if (left.deep_began_ms > way.quiet_since) return false;
  }
  const next = nextMoment(way, now);
  if (next === undefined) return false;
  scheduler.moveTo(next);
  return true;
}

/** Since when nothing went wrong any more. */
function undisturbedSince({ world, calm_since }: Way, now: number): number {
  const { scripted_ms } = world.faults;
  return Math.max(calm_since ?? now, scripted_ms === undefined ? 0 : START_MS + scripted_ms);
}

/** From the last buyer on, or after long enough, nothing goes wrong any more. */
function calmDown(way: Way): void {
  if (way.calm_since !== undefined) return;
  const { scheduler, faults, nodes, stir } = way.world;
  // Whoever is away comes back first, unless that never ends.
  if (scheduler.now() - START_MS < (faults.away_until_ms ?? 0)) return;
  const buyers = scheduler.busy('buyer_') + scheduler.busy('merchant') + scheduler.busy('desk');
  if (buyers > 0 && scheduler.now() - START_MS < TROUBLE_MAX_MS) return;
  faults.stop();
  for (const node of nodes) node.skew_ms = 0;
  way.calm_since = scheduler.now();
  stir.queued = true;
}

async function look(way: Way): Promise<readonly Due[]> {
  const { stir } = way.world;
  if (!stir.queued) return way.due;
  stir.queued = false;
  const rows = await way.ask<{ worker: string; at: string | null }>(DUE_SQL);
  return rows.flatMap(({ worker, at }): Due[] => {
    if (at === null) return [];
    const ms = Number(at);
    if (worker !== 'reconcile' && worker !== 'fetch_events') return [{ worker: worker as WorkerName, at: ms }];
    return [{ worker: 'timers', at: ms + lagOf(way) }];
  });
}

function lagOf({ world, calm_since, lag_ms }: Way): number {
  const calm_ms = calm_since === undefined ? 0 : world.scheduler.now() - calm_since;
  if (world.punctual && calm_ms < PUNCTUAL_MS) return 0;
  if (calm_since === undefined) return lag_ms;
  return calm_ms < DAY ? CALM_LAG_MS : LATE_LAG_MS;
}

function sendRound(way: Way): boolean {
  const { scheduler, nodes, stir, dice } = way.world;
  const now = scheduler.now();
  const names = way.due.filter(({ at }) => at <= now).map(({ worker }) => worker);
  if (names.length === 0 || now < way.not_before) return false;
  const up = nodes.filter((node) => node.built() !== undefined);
  if (up.length === 0) return false;
  // A row that is due by our time may not be due by that node's clock: nobody is sent twice in one second.
  way.not_before = now + 1_000;
  stir.queued = true;
  return dice.pick(up).wake([...new Set(names)]);
}

function nextMoment({ world, due, not_before }: Way, now: number): number | undefined {
  // What is overdue has a worker that is busy or a node that is down: it is looked at again in a second.
  const rows = due.map(({ at }) => (at > now ? at : Math.max(not_before, now + 1_000)));
  const moments = [world.scheduler.nextDue(), sandboxDue(world), ...rows].filter((at) => at !== undefined);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

function sandboxDue({ stir, sandbox }: World): number | undefined {
  return stir.sandbox ? sandbox.nextDueAt() : undefined;
}

/** Only timers are left, and nobody waits for anything. */
function nothingWaits({ world, due, calm_since }: Way): boolean {
  if (calm_since === undefined || due.some(({ worker }) => worker !== 'timers')) return false;
  return world.sandbox.nextDueAt() === undefined && world.scheduler.nextDue() === undefined;
}

async function lookAround({ ask, world }: Way): Promise<{ only_comparing: boolean; deep_began_ms: number }> {
  const [row] = await ask<{ left: string; unowned: string; deep: string | null }>(
    `select (select count(*) from kassa.timers t where ${TIMER_AT_WORK})
      + (select count(*) from kassa.payment_transactions where payment_status in ('initiated', 'pending', 'processing'))
      + (select count(*) from kassa.reconcile_breaks where resolved_at is null and owner = 'kassa') as left,
      (select count(*) from kassa.reconcile_breaks where resolved_at is null and kind like '%\\_without\\_order') as unowned,
      (select extract(epoch from (payload->>'deep_at')::timestamptz) * 1000 from kassa.timers where kind = 'reconcile') as deep`,
  );
  const { left = '0', unowned = '0', deep = null } = row ?? {};
  // Money that no order knows goes back when it was looked at twice.
  const goes_back = world.unexpected.without_order === 'refund' && Number(unowned) <= SENT_BACK_MAX;
  const only_comparing = Number(left) === 0 && !(goes_back && Number(unowned) > 0);
  // Whoever has looked at everything will do so again a day after they began.
  return { only_comparing, deep_began_ms: Number(deep ?? 0) - DAY };
}
