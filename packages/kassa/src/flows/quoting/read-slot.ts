import type { Offer, Practitioner } from '../../domain/catalog/index.ts';
import type { LineSlot } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { SlotWish } from '../house.ts';

const MINUTE_MS = 60_000;

/**
 * A time of an appointment, as the order will hold it.
 * @throws KassaError `invalid_request` whose details name the field below `where`; `not_found` for nobody's id.
 */
export function readSlot(
  offer: Offer,
  wish: SlotWish | undefined,
  { where, at }: { where: string; at: Date },
): LineSlot {
  if (!wish) throw refusal(offer, { [`${where}.slot`]: 'required' });
  const { starts_at, ends_at } = wish;
  const length_ms = ends_at.getTime() - starts_at.getTime();
  const reasons: Record<string, string> = {};
  if (!(starts_at.getTime() > at.getTime())) reasons[`${where}.starts_at`] = 'must be in the future';
  if (!(length_ms > 0)) reasons[`${where}.ends_at`] = 'must be after the start';
  else if (length_ms !== offer.duration_ms) {
    reasons[`${where}.ends_at`] = `must be ${(offer.duration_ms ?? 0) / MINUTE_MS} minutes after the start`;
  }
  if (Object.keys(reasons).length > 0) throw refusal(offer, reasons);
  return {
    practitioner_id: whoGives(offer, wish, where).id,
    starts_at: starts_at.toISOString(),
    ends_at: ends_at.toISOString(),
    free_from: new Date(ends_at.getTime() + offer.buffer_ms).toISOString(),
  };
}

function whoGives(offer: Offer, { practitioner_id }: SlotWish, where: string): Practitioner {
  const { practitioners } = offer;
  const [only, ...others] = practitioners;
  if (practitioner_id === undefined) {
    if (only && others.length === 0) return only;
    throw refusal(offer, { [`${where}.practitioner_id`]: 'required' });
  }
  const found = practitioners.find((one) => one.id === practitioner_id);
  if (found) return found;
  throw refusal(offer, { [`${where}.practitioner_id`]: 'does not give this appointment' });
}

function refusal(offer: Offer, reasons: Record<string, string>): KassaError {
  return new KassaError('invalid_request', `This time of ${offer.name} cannot be booked.`, reasons);
}
