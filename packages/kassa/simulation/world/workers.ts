import type { BuiltHouse } from '../../src/house-of.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import { runTimers } from '../../src/workflows/run-timers.ts';
import type { Dice } from '../engine/dice.ts';
import type { Life } from '../engine/lives.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';

export type WorkerName = 'inbox' | 'timers' | 'outbox';

/** The loops of one node: each rests until it is sent round, goes round, and rests again. */
export interface Workers {
  /** Starts them over in the name of a new life; whoever rested in an old one is forgotten. */
  start(own: Life, house: BuiltHouse): void;
  /** Sends its idle workers round. Answers whether anybody was idle. */
  wake(names: readonly WorkerName[]): boolean;
}

export interface WorkersWorld {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly dice: Dice;
}

/** A wake-up is a hint and may be lost: whoever knows what is due sends the workers round later. */
export const HINTS_HEARD = 0.3;
const EVENTS_PER_ROUND = 50;
const JOBS_PER_ROUND = 20;
/** Longer than every lease: whoever sleeps so long has been given up by the others. */
const PAUSE_MS_MAX = 5 * 60_000;

export function createWorkers({ scheduler, faults, dice }: WorkersWorld): Workers {
  const idle = new Map<WorkerName, () => void>();
  const woken = new Set<WorkerName>();

  const wake = (names: readonly WorkerName[]): boolean => {
    let anybody = false;
    for (const one of names) {
      const resume = idle.get(one);
      idle.delete(one);
      if (resume) resume();
      else woken.add(one);
      anybody ||= resume !== undefined;
    }
    return anybody;
  };
  /** A worker has nothing to do: it waits for a hint, or for the harness that knows when something falls due. */
  const rest = async (worker: WorkerName): Promise<void> => {
    if (!woken.delete(worker)) await new Promise<void>((resume) => void idle.set(worker, resume));
    if (faults.strike('node', ['worker_paused'], worker)) await scheduler.sleep(dice.below(PAUSE_MS_MAX));
    await scheduler.point(worker);
  };
  const work = async (worker: WorkerName, limit: number, round: () => Promise<number>): Promise<void> => {
    for (;;) {
      await rest(worker);
      try {
        // A round that took less than it might has left nothing behind: what comes later is announced.
        for (let done = limit; done === limit; ) {
          done = await round();
          if (done > 0 && worker !== 'outbox' && dice.chance(HINTS_HEARD)) wake(['outbox']);
        }
      } catch (error) {
        // As the real loop: a round that failed is written to the log and gone round again, a second later.
        if (isHarnessBug(error)) throw error;
        await scheduler.sleep(1_000);
        woken.add(worker);
      }
    }
  };
  return {
    start(own, { inbox, timers, outbox }) {
      idle.clear();
      woken.clear();
      const rounds: [WorkerName, number, () => Promise<number>][] = [
        ['inbox', EVENTS_PER_ROUND, () => drainInbox(inbox, EVENTS_PER_ROUND)],
        ['timers', JOBS_PER_ROUND, () => runTimers(timers, JOBS_PER_ROUND)],
        ['outbox', JOBS_PER_ROUND, () => drainOutbox(outbox, JOBS_PER_ROUND)],
      ];
      for (const [worker, limit, round] of rounds) scheduler.spawn(own, worker, () => work(worker, limit, round));
    },
    wake,
  };
}

/** A mistake of the simulation, or a broken rule of the house: never something that a loop goes on after. */
export function isHarnessBug(error: unknown): boolean {
  const name = (error as Error | null)?.name;
  return name === 'Stuck' || (error instanceof Error && /is handed in and never taken/.test(error.message));
}
