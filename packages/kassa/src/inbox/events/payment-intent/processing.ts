import { type EventReader, paymentFact } from '../../heard.ts';

/** A bank was asked and may take days; meanwhile it may have answered. */
export const paymentIntentProcessing: EventReader = (house, event) => paymentFact(house, event, () => false);
