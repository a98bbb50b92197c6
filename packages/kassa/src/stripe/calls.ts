import { assertNoTransaction } from '../database/index.ts';
import { type BudgetLeft, type GatewayFailure, KeptFailure, type Lane, TOO_LATE } from '../domain/payments/gateway.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import { type BudgetRates, createBudget } from './budget.ts';
import { failureOf } from './failure.ts';

/** Calls of one operation under one key: the first and two repeats. Stored bytes make a repeat harmless. */
const TRIES_MAX = 3;
const PAUSE_MS = 250;

export interface Calls {
  /** Takes a token before anything is written. @throws KassaError `payment_provider_unavailable` */
  reserve(endpoint: string, lane: Lane): Promise<void>;
  /** A call whose token was taken already. @throws GatewayFailure; Bug inside a transaction. */
  reserved<Result>(endpoint: string, send: () => Promise<Result>): Promise<Result>;
  /** Takes a token, then calls. @throws GatewayFailure, KassaError; Bug inside a transaction. */
  call<Result>(endpoint: string, lane: Lane, send: () => Promise<Result>): Promise<Result>;
  left(): BudgetLeft[];
}

/** Every call to Stripe passes here: outside transactions only, within the budget, repeated while that is safe. */
export function createCalls(world: { clock: Clock; random: Random; log: Log; rates: BudgetRates }): Calls {
  const { clock, random, log } = world;
  const budget = createBudget(clock, world.rates);
  /**
   * Repeats what was busy or got no answer, with jitter; a refusal is final at once. After a try that may have happened
   * no later refusal can prove that it did not.
   */
  const reserved: Calls['reserved'] = async (endpoint, send) => {
    assertNoTransaction();
    let doubt: GatewayFailure | undefined;
    for (let tries = 1; ; tries += 1) {
      try {
        return await send();
      } catch (error) {
        const failure: GatewayFailure = failureOf(error);
        if (failure.code === TOO_LATE) throw doubt ?? failure;
        log.warn({ endpoint, tries, kind: failure.kind, code: failure.code }, 'Stripe did not answer with success');
        if (failure.kind === 'busy') budget.slowDown(endpoint);
        if (failure.kind === 'unknown') doubt = failure;
        // What Stripe keeps it says to every repeat.
        if (failure instanceof KeptFailure) throw failure;
        if (failure.kind === 'refused' || tries === TRIES_MAX) throw doubt ?? failure;
        await clock.sleep(PAUSE_MS * 2 ** (tries - 1) + random.below(PAUSE_MS));
      }
    }
  };
  const reserve: Calls['reserve'] = async (endpoint, lane) => {
    assertNoTransaction();
    await budget.take(endpoint, lane);
  };
  return {
    reserve,
    reserved,
    left: () => budget.left(),
    async call(endpoint, lane, send) {
      await reserve(endpoint, lane);
      return reserved(endpoint, send);
    },
  };
}
