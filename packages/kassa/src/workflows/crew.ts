import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { type Repeating, repeat } from '../kernel/repeat.ts';

/** What a worker does over and over: one round, which answers how much it found to do. */
export interface Job {
  readonly name: string;
  readonly pause_ms: number;
  step(): Promise<number>;
  /** Workers that usually have something to do after this one found something. */
  readonly wakes?: readonly string[];
}

export interface Crew {
  /** Sends everyone of that name round now. A name that nobody has is no mistake: its worker may run elsewhere. */
  wake(name: string): void;
  /** True while everyone runs and nobody failed in the last round. */
  healthy(): boolean;
  /** Lets everyone finish the round under way. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts one worker per job; several jobs of one name are several workers that share its work. */
export function startCrew(jobs: readonly Job[], { clock, log }: { readonly clock: Clock; readonly log: Log }): Crew {
  const failing = new Set<Job>();
  const workers: { name: string; worker: Repeating }[] = [];
  let running = true;
  const wake = (name: string): void => {
    for (const one of workers) if (one.name === name) one.worker.wake();
  };
  const watched = (job: Job) => async (): Promise<number> => {
    try {
      const done = await job.step();
      failing.delete(job);
      if (done > 0) for (const name of job.wakes ?? []) wake(name);
      return done;
    } catch (error) {
      failing.add(job);
      throw error;
    }
  };
  for (const job of jobs) {
    const { name, pause_ms } = job;
    workers.push({ name, worker: repeat(clock, watched(job), { name, pause_ms, log }) });
  }
  return {
    wake,
    healthy: () => running && failing.size === 0,
    async stop() {
      running = false;
      await Promise.all(workers.map(({ worker }) => worker.stop()));
    },
  };
}
