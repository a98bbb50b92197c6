import type { EventReader } from '../heard.ts';

/** Somebody was deleted at Stripe; that cannot be taken back. */
export const customerDeleted: EventReader = (_house, { object_id }) =>
  object_id === null ? { kind: 'ignored' } : { kind: 'customer_deleted', stripe_customer_id: object_id };
