import { type EventReader, paymentFact } from '../../heard.ts';

/** Money was set aside, which is not paid. */
export const paymentIntentAmountCapturableUpdated: EventReader = (house, event) =>
  paymentFact(house, event, () => false);
