import { disputeFact, type EventReader } from '../../heard.ts';

/** Where a dispute stands has changed: an answer was sent, or a question became a dispute. */
export const chargeDisputeUpdated: EventReader = (house, event) => disputeFact(house, event);
