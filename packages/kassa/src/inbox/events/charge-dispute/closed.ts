import { disputeFact, type EventReader } from '../../heard.ts';

/** The bank has decided, or asks no longer. */
export const chargeDisputeClosed: EventReader = (house, event) => disputeFact(house, event);
