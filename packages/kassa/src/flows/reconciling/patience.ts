import { GatewayFailure } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';

/** After so many questions that Stripe has left without an answer, nobody asks more of them in this round. */
const UNANSWERED_MAX = 3;

/**
 * Asks about single objects one after the other, so that one about which Stripe does not answer holds no other back.
 * @returns whether there is patience for more. @throws what is no silence of Stripe's.
 */
export function patience({ log }: House): (about: object, ask: () => Promise<void>) => Promise<boolean> {
  let unanswered = 0;
  return async (about, ask) => {
    try {
      await ask();
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      unanswered += 1;
      log.warn({ ...about, err: error }, 'Stripe could not be asked about an object that waits');
    }
    return unanswered < UNANSWERED_MAX;
  };
}

function isUnanswered(error: unknown): boolean {
  return error instanceof GatewayFailure || (error instanceof KassaError && error.status === 503);
}
