import { disputeFact, type EventReader } from '../../heard.ts';

/** The bank has taken the money. */
export const chargeDisputeFundsWithdrawn: EventReader = (house, event) => disputeFact(house, event);
