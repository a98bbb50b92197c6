import type { ClaimedInboxEvent } from '../database/index.ts';
import type { PaymentReport, RefundReport } from '../domain/payments/gateway.ts';
import type { House } from '../flows/house.ts';

/** What an event amounts to: a fact for a story, or nothing of ours. */
export type Heard =
  | { readonly kind: 'payment'; readonly report: PaymentReport }
  | { readonly kind: 'refund'; readonly report: RefundReport }
  | { readonly kind: 'ignored' };

/**
 * Maps one event type to a fact. Runs outside any transaction, because it may have to read from Stripe. It decides
 * nothing: what the fact means is the story's to say.
 */
export type EventReader = (house: House, event: ClaimedInboxEvent) => Promise<Heard>;

/** An event is believed only in the version that we understand; of any other only the id is used. */
export function speaksOurVersion(house: House, event: ClaimedInboxEvent): boolean {
  return event.api_version === house.gateway.api_version;
}

/** Believes the session inside the event when it says something that cannot be taken back; else reads it again. */
export async function sessionFact(
  house: House,
  event: ClaimedInboxEvent,
  final: (report: PaymentReport) => boolean,
): Promise<Heard> {
  if (speaksOurVersion(house, event)) {
    const report = house.gateway.sessionOf(event.body);
    if (final(report)) return { kind: 'payment', report };
  }
  if (event.object_id === null) return { kind: 'ignored' };
  return { kind: 'payment', report: await house.gateway.readSession(event.object_id, 'unblock') };
}

/** Believes a refund that succeeded; every other state may still change, so it is read again. */
export async function refundFact(house: House, event: ClaimedInboxEvent): Promise<Heard> {
  if (speaksOurVersion(house, event)) {
    const report = house.gateway.refundOf(event.body);
    if (report.status === 'succeeded') return { kind: 'refund', report };
  }
  if (event.object_id === null) return { kind: 'ignored' };
  return { kind: 'refund', report: await house.gateway.readRefund(event.object_id, 'unblock') };
}
