import { type EventReader, paymentFact } from '../../heard.ts';

/** Nobody can pay it any more; that cannot be taken back. */
export const paymentIntentCanceled: EventReader = (house, event) =>
  paymentFact(house, event, (report) => report.intent_status === 'canceled');
