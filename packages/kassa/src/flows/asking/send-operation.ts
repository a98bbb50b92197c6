import { inTransaction, type Transaction } from '../../database/index.ts';
import {
  closeOperation,
  GatewayFailure,
  markSent,
  maySend,
  type Operation,
  type StoredRequest,
  TOO_LATE,
} from '../../domain/payments/index.ts';
import type { Leaving } from '../../kernel/http.ts';
import type { House } from '../house.ts';

/**
 * Bytes that have not left so long after it was noted that they leave stay here: whoever looks at Stripe a while later
 * and finds nothing may then believe it. A process can sleep between the two, as a laptop does.
 */
const LEAVES_WITHIN_MS = 30_000;

/** Refuses what has not left soon after it was noted, also when that was long before Stripe would forget its key. */
export function leavesSoon({ clock }: House, noted_at: Date): Leaving {
  return () => {
    if (clock.now().getTime() - noted_at.getTime() > LEAVES_WITHIN_MS) throw new GatewayFailure('busy', TOO_LATE);
  };
}

/** How one kind of write leaves, and the id that its answer carries. */
export interface Sending<Answer> {
  readonly send: (stored: StoredRequest, key: string) => Promise<Answer>;
  readonly idOf: (answer: Answer) => string | null;
  /** Written together with the end of the operation, so that an answer that was heard is never half known. */
  readonly note?: (tx: Transaction, answer: Answer) => Promise<void>;
}

/**
 * Sends a stored write under its stored key and notes what came of it. A refusal closes it for good; an unknown outcome
 * leaves it open, to be sent again as it stands.
 * @returns undefined when it was closed by somebody else, or Stripe may have forgotten its key: then only a read tells.
 * @throws GatewayFailure
 */
export async function sendOperation<Answer>(
  house: House,
  operation: Operation,
  { send, idOf, note }: Sending<Answer>,
): Promise<Answer | undefined> {
  const { key, path, body } = operation;
  if (!maySend(operation, house.clock.now())) return undefined;
  const noted_at = house.clock.now();
  if ((await markSent(house.db, key, noted_at)) === undefined) return undefined;
  try {
    const answer = await send({ path, body, leaving: leavesSoon(house, noted_at) }, key);
    const object_id = idOf(answer);
    const done = { outcome: 'done' as const, ...(object_id === null ? {} : { object_id }) };
    await inTransaction(house.db, async (tx) => {
      await note?.(tx, answer);
      await closeOperation(tx, key, done, house.clock.now());
    });
    return answer;
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    const outcome = error.kind === 'refused' ? ('refused' as const) : ('unknown' as const);
    await closeOperation(house.db, key, { outcome, error: error.message }, house.clock.now());
    throw error;
  }
}
