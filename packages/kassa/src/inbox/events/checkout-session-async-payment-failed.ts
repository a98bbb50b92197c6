import { type EventReader, sessionFact } from '../heard.ts';

/** A delayed method said no. A retry may have succeeded since, so Stripe is always asked. */
export const checkoutSessionAsyncPaymentFailed: EventReader = (house, event) => sessionFact(house, event, () => false);
