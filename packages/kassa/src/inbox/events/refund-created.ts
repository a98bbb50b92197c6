import { type EventReader, refundFact } from '../heard.ts';

/** A refund exists, ours or one made in Stripe's dashboard. */
export const refundCreated: EventReader = (house, event) => refundFact(house, event);
