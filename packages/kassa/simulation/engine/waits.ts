import type { Life } from './lives.ts';

/** Somebody who waits to be chosen. */
export interface Waiting {
  /** Counts everything that ever waited: the order of those who are due in the same moment. */
  readonly seq: number;
  readonly life: Life;
  readonly label: string;
  readonly resume: () => void;
}

/** The same, until a moment of virtual time. */
export interface Sleeping extends Waiting {
  readonly due: number;
}

/** Everyone who waits: some may go on now, some sleep. */
export interface Waits {
  /** How many may go on now. */
  ready(): number;
  add(waiting: Omit<Waiting, 'seq'>): void;
  /** Answers what takes it back, before or after it woke. */
  sleep(sleeping: Omit<Sleeping, 'seq'>): () => void;
  /** Takes one of those who may go on, counted from 0. */
  take(at: number): Waiting | undefined;
  /** Lets go on who slept until now, in the order in which they were due. */
  wake(now: number): void;
  /** When the next sleeper is due. */
  nextDue(): number | undefined;
  /** Forgets everyone who waited in the name of a life. */
  forget(life: Life): void;
}

export function createWaits(): Waits {
  let seq = 0;
  let ready: Waiting[] = [];
  let asleep: Sleeping[] = [];
  // Looked at before every step, so it is kept and not counted anew; undefined while it has to be.
  let next: number | undefined;
  const nextOf = (): number => {
    next ??= asleep.reduce((least, one) => Math.min(least, one.due), Number.POSITIVE_INFINITY);
    return next;
  };
  return {
    ready: () => ready.length,
    add(waiting) {
      seq += 1;
      ready.push({ seq, ...waiting });
    },
    sleep(sleeping) {
      seq += 1;
      const one: Sleeping = { seq, ...sleeping };
      asleep.push(one);
      if (next !== undefined && one.due < next) next = one.due;
      return () => {
        asleep = asleep.filter((other) => other !== one);
        ready = ready.filter((other) => other.seq !== one.seq);
        next = undefined;
      };
    },
    take(at) {
      const [taken] = ready.splice(at, 1);
      return taken;
    },
    wake(now) {
      if (nextOf() > now) return;
      const due = asleep.filter((one) => one.due <= now).sort((a, b) => a.due - b.due || a.seq - b.seq);
      asleep = asleep.filter((one) => one.due > now);
      next = undefined;
      ready.push(...due);
    },
    nextDue: () => (asleep.length === 0 ? undefined : nextOf()),
    forget(life) {
      ready = ready.filter((one) => one.life !== life);
      asleep = asleep.filter((one) => one.life !== life);
      next = undefined;
    },
  };
}
