import { type EventReader, sessionFact } from '../heard.ts';

/** The buyer finished. With `unpaid` a bank still thinks, which is read again; money is believed as signed. */
export const checkoutSessionCompleted: EventReader = (house, event) =>
  sessionFact(house, event, (report) => report.payment_status !== 'unpaid');
