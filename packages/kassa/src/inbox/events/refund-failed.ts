import { type EventReader, refundFact } from '../heard.ts';

/** A refund failed, perhaps after it had succeeded: the money is ours again and the buyer still waits. */
export const refundFailed: EventReader = (house, event) => refundFact(house, event);
