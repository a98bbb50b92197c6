import { type EventReader, sessionFact } from '../heard.ts';

/** Nobody can pay this session any more; that cannot be taken back. */
export const checkoutSessionExpired: EventReader = (house, event) =>
  sessionFact(house, event, (report) => report.status === 'expired');
