import { AsyncLocalStorage } from 'node:async_hooks';

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

/** Who lives, and what is done in whose name. */
export interface Lives {
  /** Whose code is running; undefined for the harness itself. */
  current(): Life | undefined;
  /** Starts work in somebody's name. An error that it does not catch ends the run. */
  spawn(life: Life, label: string, work: () => Promise<void>): void;
  /** Runs work in the name of a life and hands back what it answers. @throws Died when the life ends first. */
  within<T>(life: Life, work: () => Promise<T>): Promise<T>;
  /** Runs outside every life, as the harness. */
  aside<T>(work: () => T): T;
  end(life: Life): void;
  /** How many pieces of work of living things are unfinished, by the names of their lives. */
  busy(prefix: string): number;
  /** The first error that nobody caught. */
  failure(): { readonly error: unknown } | undefined;
}

export function createLives(): Lives {
  const context = new AsyncLocalStorage<Life>();
  const outside = AsyncLocalStorage.snapshot();
  const working = new Map<Life, number>();
  let failure: { error: unknown } | undefined;
  const count = (life: Life, by: number): void => void working.set(life, (working.get(life) ?? 0) + by);
  /** In nobody else's context: what a dying transaction starts is not inside that transaction. */
  const startAs = <T>(life: Life, work: () => Promise<T>): Promise<T> => outside(() => context.run(life, work));
  return {
    current: () => context.getStore(),
    spawn(life, label, work) {
      if (life.dead) return;
      count(life, 1);
      const done = (error?: unknown): void => {
        count(life, -1);
        if (error === undefined || life.dead) return;
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
    aside: (work) => outside(work),
    end(life) {
      life.dead = true;
      working.delete(life);
      for (const mourn of life.mourners) mourn();
      life.mourners.clear();
    },
    busy: (prefix) =>
      [...working].reduce((sum, [life, tasks]) => sum + (life.name.startsWith(prefix) && !life.dead ? tasks : 0), 0),
    failure: () => failure,
  };
}
