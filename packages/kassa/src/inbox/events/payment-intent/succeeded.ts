import { type EventReader, paymentFact } from '../../heard.ts';

/** The money is there; that cannot be taken back. */
export const paymentIntentSucceeded: EventReader = (house, event) =>
  paymentFact(house, event, (report) => report.payment_status === 'paid');
