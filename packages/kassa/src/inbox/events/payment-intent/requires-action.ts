import { type EventReader, paymentFact } from '../../heard.ts';

/** The buyer has to prove who they are; they may have done so already. */
export const paymentIntentRequiresAction: EventReader = (house, event) => paymentFact(house, event, () => false);
