import { type EventReader, sessionFact } from '../heard.ts';

/** A delayed method has paid after all. */
export const checkoutSessionAsyncPaymentSucceeded: EventReader = (house, event) =>
  sessionFact(house, event, (report) => report.payment_status === 'paid');
