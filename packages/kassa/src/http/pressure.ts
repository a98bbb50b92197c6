import { KassaError } from '../kernel/errors.ts';

/**
 * What is given up when more is asked than can be done, the first first. Webhooks are not among them: what Stripe tells
 * is taken in as long as there is memory, and the drain settles it behind any crowd.
 */
export const SHED_ORDER = ['report', 'catalogue', 'price', 'checkout', 'status'] as const;
export type Sheddable = (typeof SHED_ORDER)[number];

/**
 * From how many requests under way on the next one of a kind is refused. A checkout may wait a second for its turn at
 * Stripe and two for the answer, at a hundred a second at most; a status must stay when nothing else does.
 */
export type ShedAt = Readonly<Record<Sheddable, number>>;
export const SHED_AT: ShedAt = { report: 50, catalogue: 100, price: 150, checkout: 200, status: 1_000 };

/**
 * From how many on that wait for a connection to the database, or for their turn to be written, it is refused too: a
 * database that does not keep up is seen here first, however fast or slow it is.
 */
export const SHED_WAITING: ShedAt = { report: 20, catalogue: 30, price: 40, checkout: 50, status: 200 };

/** By then some of those who came first are done. */
const COME_AGAIN_S = 2;

/**
 * Nothing was begun, so nothing is held: whoever is told this may simply come again. Made once, because the stack of each
 * would cost as much as everything else about a refusal.
 */
export const FULL = new KassaError('overloaded', 'Too many people are here at this moment. Please try again.', {
  retry_after_s: COME_AGAIN_S,
});

export interface Pressure {
  /** @throws KassaError `overloaded` with `retry_after_s`, at once and before any work. */
  during<Result>(what: Sheddable, work: () => Promise<Result>): Promise<Result>;
  /** The same question without the work, for before a request is read. @throws KassaError as `during` does. */
  refuseWhenFull(what: Sheddable): void;
  /** How many are under way, and how many were refused since the start. */
  readonly counts: {
    readonly under_way: Readonly<Record<Sheddable, number>>;
    readonly shed: Record<Sheddable, number>;
  };
}

export function createPressure(shed_at: ShedAt = SHED_AT, waiting: () => number = () => 0): Pressure {
  const none = (): Record<Sheddable, number> => ({ report: 0, catalogue: 0, price: 0, checkout: 0, status: 0 });
  const under_way = none();
  const shed = none();
  let all = 0;
  const refuseWhenFull = (what: Sheddable): void => {
    if (all < shed_at[what] && waiting() < SHED_WAITING[what]) return;
    shed[what] += 1;
    throw FULL;
  };
  return {
    counts: { under_way, shed },
    refuseWhenFull,
    async during(what, work) {
      refuseWhenFull(what);
      all += 1;
      under_way[what] += 1;
      try {
        return await work();
      } finally {
        all -= 1;
        under_way[what] -= 1;
      }
    },
  };
}

/**
 * What is told when work was cut off on its way. Something may have been written: a checkout that was begun goes on
 * under its caller's key, or is finished or given back by itself.
 */
export function comeAgain(cause: unknown): KassaError {
  const sentence = 'This could not be finished at this moment. Please try again.';
  return new KassaError('overloaded', sentence, { retry_after_s: COME_AGAIN_S }, cause);
}
