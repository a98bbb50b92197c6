import { reconcile } from '../../src/flows/reconcile.ts';
import { replayParked } from '../actors/operator.ts';
import type { Violation } from '../invariants/finding.ts';
import type { WorkerName } from '../world/node.ts';
import { settledHash } from './state-hash.ts';
import { START_MS, type World } from './world.ts';

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

interface Due {
  readonly worker: WorkerName;
  readonly at: number;
}

const DUE_SQL = `
  select 'inbox' as worker, extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000 as at
    from kassa.inbox_events where handled_at is null and parked_at is null
  union all select 'outbox', extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000
    from kassa.deliveries where delivered_at is null and parked_at is null
  union all select 'timers', extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000
    from kassa.timers where kind <> 'reconcile'
  union all select 'reconcile', extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000
    from kassa.timers where kind = 'reconcile'`;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** In calm weather the next comparison may wait: each costs as much as a purchase, and days have to pass. */
const CALM_LAG_MS = 12 * 60 * MINUTE;
/** Faults end with the last buyer, or after this long. */
const TROUBLE_MAX_MS = 8 * 60 * MINUTE;
/** From then on everything must have come to its end: the slowest bank, the longest pause, and room. */
const REST_WITHIN_MS = 14 * DAY;

export interface Rest {
  idle(): Promise<boolean>;
  /** L2: once everything rests, another comparison with Stripe writes nothing, here or there. */
  reconcileChangesNothing(): Promise<Violation[]>;
}

/**
 * Moves time when nobody can go on: to the next sleeper, the next thing due at Stripe, or the next row that is due,
 * whose worker it then sends round. Says no when nothing is left to do but comparing for ever.
 */
export function untilRest(world: World, ask: Ask): Rest {
  const { scheduler, faults, nodes, sandbox, stir, dice, evidence } = world;
  const lag_ms = dice.pick([0, 10 * MINUTE, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE]);
  let due: readonly Due[] = [];
  let not_before = 0;
  let calm_since: number | undefined;
  let replayed = false;
  let compared_at = -1;

  const look = async (): Promise<readonly Due[]> => {
    if (!stir.committed) return due;
    stir.committed = false;
    const rows = await ask<{ worker: string; at: string | null }>(DUE_SQL);
    due = rows.flatMap(({ worker, at }): Due[] => {
      if (at === null) return [];
      const ms = Number(at);
      if (worker !== 'reconcile') return [{ worker: worker as WorkerName, at: ms }];
      const later = calm_since === undefined ? lag_ms : CALM_LAG_MS;
      return [{ worker: 'timers', at: ms + later }];
    });
    return due;
  };
  const sendRound = (): boolean => {
    const now = scheduler.now();
    const names = due.filter(({ at }) => at <= now).map(({ worker }) => worker);
    if (names.length === 0 || now < not_before) return false;
    const up = nodes.filter((node) => node.built() !== undefined);
    if (up.length === 0) return false;
    // A row that is due by our time may not be due by that node's clock: nobody is sent twice in one second.
    not_before = now + 1_000;
    stir.committed = true;
    return dice.pick(up).wake([...new Set(names)]);
  };
  const calmDown = (): void => {
    if (calm_since !== undefined) return;
    const buyers = scheduler.busy('buyer_') + scheduler.busy('merchant');
    if (buyers > 0 && scheduler.now() - START_MS < TROUBLE_MAX_MS) return;
    faults.stop();
    for (const node of nodes) node.skew_ms = 0;
    calm_since = scheduler.now();
    stir.committed = true;
  };
  const nextMoment = (now: number): number | undefined => {
    // What is overdue has a worker that is busy or a node that is down: it is looked at again in a second.
    const rows = due.map(({ at }) => (at > now ? at : Math.max(not_before, now + 1_000)));
    const moments = [scheduler.nextDue(), sandboxDue(), ...rows].filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.min(...moments);
  };
  const sandboxDue = (): number | undefined => (stir.sandbox ? sandbox.nextDueAt() : undefined);
  /** Only the comparison with Stripe is left, it has gone round since, and nobody waits for anything. */
  const atRest = (): boolean => {
    const others = due.filter(({ worker }) => worker !== 'timers').length;
    return (
      calm_since !== undefined && others === 0 && sandbox.nextDueAt() === undefined && scheduler.nextDue() === undefined
    );
  };
  return {
    async idle() {
      calmDown();
      await look();
      const now = scheduler.now();
      if (now - (calm_since ?? now) > REST_WITHIN_MS) {
        evidence.violations.push({
          invariant: 'L1',
          sentence: `still at work ${REST_WITHIN_MS / DAY} days after the last fault`,
        });
        return false;
      }
      const waiting = sandboxDue();
      if (waiting !== undefined && waiting <= now) {
        world.tick();
        return true;
      }
      if (sendRound()) return true;
      if (atRest() && (await onlyComparing(ask))) {
        if (!replayed) {
          replayed = true;
          if (await replayParked(world, ask)) return true;
        }
        // One comparison after the last change, so that what only it can find is found.
        if (compared_at >= 0) return false;
        compared_at = now;
      }
      const next = nextMoment(now);
      if (next === undefined) return false;
      scheduler.moveTo(next);
      return true;
    },
    async reconcileChangesNothing() {
      const before = await settledHash(ask);
      const writes = (): number => sandbox.control.requests().filter(({ method }) => method === 'POST').length;
      const sent = writes();
      const node = nodes.find((one) => one.built() !== undefined);
      if (!node) return [{ invariant: 'L1', sentence: 'no node is up at rest' }];
      let done = false;
      void node.call(async ({ house }) => {
        await reconcile(house);
        done = true;
      });
      await scheduler.run({
        idle: async () => !done && moveOn(),
        between: async () => undefined,
        steps_max: scheduler.steps + 5_000,
      });
      const found: Violation[] = [];
      if (!done) found.push({ invariant: 'L2', sentence: 'a comparison at rest did not end' });
      if ((await settledHash(ask)) !== before)
        found.push({ invariant: 'L2', sentence: 'a second comparison changed rows' });
      if (writes() !== sent) found.push({ invariant: 'L2', sentence: 'a second comparison wrote to Stripe' });
      return found;
    },
  };

  function moveOn(): boolean {
    const next = scheduler.nextDue();
    if (next !== undefined) scheduler.moveTo(next);
    return next !== undefined;
  }
}

async function onlyComparing(ask: Ask): Promise<boolean> {
  const [row] = await ask<{ left: string }>(
    `select (select count(*) from kassa.timers where kind <> 'reconcile')
      + (select count(*) from kassa.payment_transactions where payment_status in ('initiated', 'pending', 'processing')) as left`,
  );
  return Number(row?.left ?? 0) === 0;
}
