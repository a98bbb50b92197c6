import type { CheckoutView } from '../../../flows/checkout/refresh-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { fromTypeId, toTypeId } from '../../../kernel/ids.ts';

export const CONTRACT = 'ticket-order';

/** A screening is an offer of kind ticket; its id on the wire is the offer's own with this prefix. */
const PREFIX = 'screening';

/** The offer behind a screening's id; undefined for everything that is no such id. */
export function offerOfScreening(screening_id: string): string | undefined {
  return fromTypeId(PREFIX, screening_id);
}

/** The screening that a checkout is for: its one line. */
export function screeningOf(view: CheckoutView): string {
  const [line] = view.lines;
  if (line === undefined) throw unknown();
  return toTypeId(PREFIX, line.offer_id);
}

/** Whether a text can be a session's id at all. */
export function isSessionId(text: string): boolean {
  return /^cs_[A-Za-z0-9_]{1,252}$/.test(text);
}

/** Unknown, of another contract and of another shop are one answer. */
export function unknown(): KassaError {
  return new KassaError('not_found', 'There is no such checkout.');
}
