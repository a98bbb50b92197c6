import { AsyncLocalStorage } from 'node:async_hooks';
import type { Dice } from './dice.ts';
import { createFlights, type Flights } from './flights.ts';
import { createLives, type Life, type Lives, newLife } from './lives.ts';
import type { Trace } from './trace.ts';
import { createWaits } from './waits.ts';

/** The run cannot go on in a way that makes sense: too many steps, a wait that nobody ends, a bug of the harness. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

export interface Scheduler extends Pick<Lives, 'current' | 'spawn' | 'within' | 'aside' | 'busy'> {
  /** Virtual milliseconds since 1970. */
  now(): number;
  /** Waits to be chosen. Never comes back for the dead. */
  point(label: string): Promise<void>;
  sleep(ms: number, label?: string): Promise<void>;
  /** Like a global timer: calls back in the caller's context. Answers what cancels it. */
  after(ms: number, work: () => void): () => void;
  /** Real input or output: nothing else is chosen until it is done. */
  readonly io: Flights['io'];
  kill(life: Life): void;
  nextDue(): number | undefined;
  moveTo(ms: number): void;
  /** Runs until `idle` says false. It is asked whenever nobody can go on at this moment of virtual time. */
  run(hooks: RunHooks): Promise<void>;
  readonly steps: number;
}

export interface RunHooks {
  idle(): Promise<boolean>;
  /** Called before every choice. */
  between(): Promise<void>;
  readonly steps_max: number;
}

export interface SchedulerWorld {
  readonly dice: Dice;
  readonly trace: Trace;
  readonly start_ms: number;
  /** How often time runs ahead of those who could go on. */
  readonly haste: number;
}

/** Nobody who is at work is slower than this. */
const SLOW_MS_MAX = 3_600_000;

const never = <T>(): Promise<T> => new Promise(() => undefined);

/**
 * Holds everyone who waits, and chooses by the seed who goes on. Between two choices everything that can run without
 * the outside world has run, so a run is one sequence of steps and nothing else.
 */
export function createScheduler({ dice, trace, start_ms, haste }: SchedulerWorld): Scheduler {
  const lives = createLives();
  const flights = createFlights();
  const waits = createWaits();
  let now = start_ms;
  let steps = 0;

  const mine = (label: string): Life => {
    const life = lives.current();
    if (!life) throw new Stuck(`nobody waits at ${label}`);
    return life;
  };
  const choose = (): void => {
    const chosen = waits.take(waits.ready() === 1 ? 0 : dice.below(waits.ready()));
    if (!chosen) return;
    steps += 1;
    now += 1;
    trace.add({ t: now - start_ms, node: chosen.life.name, point: chosen.label, outcome: 'go' });
    chosen.resume();
  };
  const moveTo = (ms: number): void => {
    now = Math.max(now, ms);
    waits.wake(now);
  };
  const { current, spawn, within, aside, busy } = lives;
  return {
    ...{ current, spawn, within, aside, busy },
    now: () => now,
    point(label) {
      const life = mine(label);
      return life.dead ? never() : new Promise((resume) => waits.add({ life, label, resume }));
    },
    sleep(ms, label = 'sleep') {
      const life = mine(label);
      const due = now + Math.max(0, Math.ceil(ms));
      return life.dead ? never() : new Promise((resume) => void waits.sleep({ life, label, due, resume }));
    },
    after(ms, work) {
      const life = lives.current() ?? newLife('harness');
      const due = now + Math.max(1, Math.ceil(ms));
      return waits.sleep({ life, label: 'timer', due, resume: AsyncLocalStorage.bind(work) });
    },
    io: flights.io,
    kill(life) {
      waits.forget(life);
      lives.end(life);
    },
    nextDue: waits.nextDue,
    moveTo,
    async run({ idle, between, steps_max }) {
      for (;;) {
        await flights.landed();
        const failure = lives.failure();
        if (failure) throw failure.error;
        await between();
        if (steps > steps_max) throw new Stuck(`still at work after ${steps_max} steps`);
        waits.wake(now);
        // Now and then time runs ahead of those who could go on: they were slow.
        const due = waits.nextDue();
        const runs_ahead = due !== undefined && waits.ready() > 0 && dice.chance(haste);
        if (runs_ahead && due - now <= SLOW_MS_MAX) moveTo(due);
        if (waits.ready() > 0) choose();
        else if (!(await idle())) return;
      }
    },
    get steps() {
      return steps;
    },
  };
}
