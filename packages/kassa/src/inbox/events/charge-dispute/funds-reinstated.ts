import { disputeFact, type EventReader } from '../../heard.ts';

/** The bank has given the money back. */
export const chargeDisputeFundsReinstated: EventReader = (house, event) => disputeFact(house, event);
