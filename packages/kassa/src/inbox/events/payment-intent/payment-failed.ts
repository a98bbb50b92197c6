import { type EventReader, refusalFact } from '../../heard.ts';

/** A method was refused. The payment stays open for another one, which may have been tried since. */
export const paymentIntentPaymentFailed: EventReader = (house, event) => refusalFact(house, event);
