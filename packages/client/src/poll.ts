import { CheckoutError } from './checkout-error.ts';
import type { World } from './system.ts';

export interface PollOptions<Status> {
  polls?: number;
  pause_ms?: number;
  onStatus?: (status: Status) => void;
}

/** `unknown`: nobody could say in time. That is no failure: the money may be there, and the confirmation comes by mail. */
export interface Polled<Word, Status> {
  outcome: Word | 'unknown';
  status: Status | undefined;
}

const POLLS = 5;
const POLL_PAUSE_MS = 2_000;

/**
 * Asks five times, two seconds apart, until the answer says how it ended. A refused or lost answer counts as one that
 * says nothing; only an id that the shop does not know, or may not tell, is an error.
 * @throws CheckoutError with a status of 401, 403 or 404.
 */
export async function poll<Word, Status>(
  world: World,
  ask: () => Promise<Status>,
  endOf: (status: Status) => Word | undefined,
  { polls = POLLS, pause_ms = POLL_PAUSE_MS, onStatus }: PollOptions<Status> = {},
): Promise<Polled<Word, Status>> {
  let status: Status | undefined;
  for (let turn = 1; turn <= polls; turn += 1) {
    try {
      status = await ask();
      onStatus?.(status);
      const outcome = endOf(status);
      if (outcome !== undefined) return { outcome, status };
    } catch (error) {
      if (!(error instanceof CheckoutError) || [401, 403, 404].includes(error.status)) throw error;
    }
    if (turn < polls) await world.sleep(pause_ms);
  }
  return { outcome: 'unknown', status };
}
