import { AsyncLocalStorage } from 'node:async_hooks';
import type { Dice } from './dice.ts';
import { turn } from './real.ts';
import type { Trace } from './trace.ts';

/** Something that lives and may die: a node of Kassa, a buyer, the sandbox. Its waits die with it. */
export interface Life {
  readonly name: string;
  dead: boolean;
  readonly mourners: Set<() => void>;
}

export const newLife = (name: string): Life => ({ name, dead: false, mourners: new Set() });

/** Whoever waited for something that died. */
export class Died extends Error {
  override readonly name = 'Died';
}

/** The run cannot go on in a way that makes sense: too many steps, a wait that nobody ends, a bug of the harness. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

interface Waiting {
  readonly seq: number;
  readonly life: Life;
  readonly label: string;
  readonly resume: () => void;
}

interface Sleeping extends Waiting {
  readonly due: number;
}

export interface Scheduler {
  /** Virtual milliseconds since 1970. */
  now(): number;
  /** Whose code is running; undefined for the harness itself. */
  current(): Life | undefined;
  /** Waits to be chosen. Never comes back for the dead. */
  point(label: string): Promise<void>;
  sleep(ms: number, label?: string): Promise<void>;
  /** Like a global timer: calls back in the caller's context. Answers what cancels it. */
  after(ms: number, work: () => void): () => void;
  /** Starts work in somebody's name. An error that it does not catch ends the run. */
  spawn(life: Life, label: string, work: () => Promise<void>): void;
  /** Runs work in the name of a life and hands back what it answers. @throws Died when the life ends first. */
  within<T>(life: Life, work: () => Promise<T>): Promise<T>;
  /** Real input or output: nothing else is chosen until it is done. */
  io<T>(work: () => Promise<T>): Promise<T>;
  /** Runs outside every life, as the harness. */
  aside<T>(work: () => T): T;
  kill(life: Life): void;
  /** How many pieces of work of living things are unfinished, by the names of their lives. */
  busy(prefix: string): number;
  nextDue(): number | undefined;
  moveTo(ms: number): void;
  /** Runs until `idle` says false. It is asked whenever nobody can go on at this moment of virtual time. */
  run(hooks: { idle: () => Promise<boolean>; between: () => Promise<void>; steps_max: number }): Promise<void>;
  readonly steps: number;
}

const never = <T>(): Promise<T> => new Promise(() => undefined);

/**
 * Holds everyone who waits, and chooses by the seed who goes on. Between two choices everything that can run without
 * the outside world has run, so a run is one sequence of steps and nothing else.
 */
export function createScheduler(world: { dice: Dice; trace: Trace; start_ms: number; haste: number }): Scheduler {
  const { dice, trace, start_ms } = world;
  const context = new AsyncLocalStorage<Life>();
  const outside = AsyncLocalStorage.snapshot();
  let now = start_ms;
  let seq = 0;
  let steps = 0;
  let flying = 0;
  let landed: (() => void) | undefined;
  let failure: { error: unknown } | undefined;
  let ready: Waiting[] = [];
  let asleep: Sleeping[] = [];
  const working = new Map<Life, number>();

  const count = (life: Life, by: number): void => void working.set(life, (working.get(life) ?? 0) + by);
  /** In nobody else's context: what a dying transaction starts is not inside that transaction. */
  const startAs = <T>(life: Life, work: () => Promise<T>): Promise<T> => outside(() => context.run(life, work));
  const wait = (add: (waiting: Waiting) => void, label: string): Promise<void> => {
    const life = context.getStore();
    if (!life) throw new Stuck(`nobody waits at ${label}`);
    if (life.dead) return never();
    return new Promise((resume) => {
      seq += 1;
      add({ seq, life, label, resume });
    });
  };
  const wakeDue = (): void => {
    if (!asleep.some((one) => one.due <= now)) return;
    const due = asleep.filter((one) => one.due <= now).sort((a, b) => a.due - b.due || a.seq - b.seq);
    asleep = asleep.filter((one) => one.due > now);
    ready.push(...due);
  };
  const settled = async (): Promise<void> => {
    do {
      if (flying > 0) {
        await new Promise<void>((resolve) => {
          landed = resolve;
        });
      }
      await turn();
    } while (flying > 0);
  };
  const choose = (): void => {
    const at = ready.length === 1 ? 0 : dice.below(ready.length);
    const [chosen] = ready.splice(at, 1);
    if (!chosen) return;
    steps += 1;
    now += 1;
    trace.add({ t: now - start_ms, node: chosen.life.name, point: chosen.label, outcome: 'go' });
    chosen.resume();
  };
  const nextDue = (): number | undefined =>
    asleep.length === 0 ? undefined : asleep.reduce((least, one) => Math.min(least, one.due), Number.POSITIVE_INFINITY);
  const moveTo = (ms: number): void => {
    now = Math.max(now, ms);
    wakeDue();
  };
  return {
    now: () => now,
    current: () => context.getStore(),
    point: (label) => wait((waiting) => ready.push(waiting), label),
    sleep: (ms, label = 'sleep') =>
      wait((waiting) => asleep.push({ ...waiting, due: now + Math.max(0, Math.ceil(ms)) }), label),
    after(ms, work) {
      const life = context.getStore() ?? newLife('harness');
      const bound = AsyncLocalStorage.bind(work);
      seq += 1;
      const one: Sleeping = { seq, life, label: 'timer', due: now + Math.max(1, Math.ceil(ms)), resume: bound };
      asleep.push(one);
      return () => {
        asleep = asleep.filter((other) => other !== one);
        ready = ready.filter((other) => other.seq !== one.seq);
      };
    },
    spawn(life, label, work) {
      if (life.dead) return;
      count(life, 1);
      const done = (error?: unknown): void => {
        count(life, -1);
        if (error !== undefined && !life.dead)
          failure ??= { error: new Error(`${life.name} ${label}`, { cause: error }) };
      };
      startAs(life, work).then(
        () => done(),
        (error: unknown) => done(error),
      );
    },
    within(life, work) {
      if (life.dead) return Promise.reject(new Died(`${life.name} is gone`));
      return new Promise((resolve, reject) => {
        const mourn = (): void => reject(new Died(`${life.name} is gone`));
        life.mourners.add(mourn);
        const end = (settle: () => void): void => {
          if (life.dead) return;
          life.mourners.delete(mourn);
          settle();
        };
        startAs(life, work).then(
          (value) => end(() => resolve(value)),
          (error: unknown) => end(() => reject(error)),
        );
      });
    },
    async io(work) {
      flying += 1;
      try {
        return await work();
      } finally {
        flying -= 1;
        if (flying === 0) landed?.();
      }
    },
    aside: (work) => outside(work),
    kill(life) {
      life.dead = true;
      ready = ready.filter((one) => one.life !== life);
      asleep = asleep.filter((one) => one.life !== life);
      working.delete(life);
      for (const mourn of life.mourners) mourn();
      life.mourners.clear();
    },
    busy: (prefix) =>
      [...working].reduce((sum, [life, tasks]) => sum + (life.name.startsWith(prefix) && !life.dead ? tasks : 0), 0),
    nextDue,
    moveTo,
    async run({ idle, between, steps_max }) {
      for (;;) {
        await settled();
        if (failure) throw failure.error;
        await between();
        if (steps > steps_max) throw new Stuck(`still at work after ${steps_max} steps`);
        wakeDue();
        // Now and then time runs ahead of those who could go on: they were slow.
        const due = nextDue();
        if (due !== undefined && ready.length > 0 && dice.chance(world.haste)) moveTo(due);
        if (ready.length > 0) choose();
        else if (!(await idle())) return;
      }
    },
    get steps() {
      return steps;
    },
  };
}
