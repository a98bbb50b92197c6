import { disputeFact, type EventReader } from '../../heard.ts';

/** A bank asks about a payment, or asks its money back. */
export const chargeDisputeCreated: EventReader = (house, event) => disputeFact(house, event);
