import { type EventReader, refundFact } from '../heard.ts';

/** A refund moved on: money leaves by hours and days, not at once. */
export const refundUpdated: EventReader = (house, event) => refundFact(house, event);
