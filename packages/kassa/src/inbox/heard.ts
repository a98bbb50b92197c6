import type { ClaimedInboxEvent } from '../database/index.ts';
import {
  type DisputeReport,
  type FraudWarningReport,
  isMarkedBy,
  type PaymentReport,
  type RefundReport,
} from '../domain/payments/gateway.ts';
import type { House } from '../flows/house.ts';

/** What an event amounts to: a fact for a story, or nothing of ours. */
export type Fact =
  | { readonly kind: 'payment'; readonly report: PaymentReport }
  | { readonly kind: 'refund'; readonly report: RefundReport }
  | { readonly kind: 'dispute'; readonly report: DisputeReport }
  | { readonly kind: 'fraud_warning'; readonly report: FraudWarningReport }
  | { readonly kind: 'customer_deleted'; readonly stripe_customer_id: string }
  | { readonly kind: 'ignored' };

/** A fact, or the question that must be put to Stripe before there is one. */
export type Heard = Fact | { readonly kind: 'unread'; readonly read: () => Promise<Fact> };

/**
 * Maps one event type to a fact, or to a question to Stripe, which is asked outside any transaction. It decides nothing:
 * what the fact means is the story's to say.
 */
export type EventReader = (house: House, event: ClaimedInboxEvent) => Heard;

/** An event is believed only in the version that we understand; of any other only the id is used. */
export function speaksOurVersion(house: House, event: ClaimedInboxEvent): boolean {
  return event.api_version === house.gateway.api_version;
}

/** Believes the session inside the event when it says something that cannot be taken back; else reads it again. */
export function sessionFact(house: House, event: ClaimedInboxEvent, final: (report: PaymentReport) => boolean): Heard {
  if (speaksOurVersion(house, event)) {
    const report = house.gateway.sessionOf(event.body);
    if (final(report)) return { kind: 'payment', report };
  }
  const { object_id } = event;
  if (object_id === null) return { kind: 'ignored' };
  const read = async (): Promise<Fact> => ({
    kind: 'payment',
    report: await house.gateway.readSession(object_id, 'unblock'),
  });
  return { kind: 'unread', read };
}

/**
 * Believes a payment inside the event when it says something that cannot be taken back; else reads it again. One that
 * no attempt of ours has is not asked about: it is told as it stands, and settle says whether it is worth waiting for.
 */
export function paymentFact(house: House, event: ClaimedInboxEvent, final: (report: PaymentReport) => boolean): Heard {
  const told = speaksOurVersion(house, event) ? house.gateway.intentOf(event.body) : undefined;
  if (told && final(told)) return { kind: 'payment', report: told };
  return { kind: 'unread', read: () => readOrTold(house, event, told) };
}

/**
 * A method that was refused cannot become one that was not, so the refusal inside the event counts, and not the last
 * one that Stripe knows by now: three that are heard together are three. Which page it was refused on is asked at
 * Stripe, for the first one: only the ids that we keep link a payment to an order.
 */
export function refusalFact(house: House, event: ClaimedInboxEvent): Heard {
  const told = speaksOurVersion(house, event) ? house.gateway.intentOf(event.body) : undefined;
  const read = async (): Promise<Fact> => {
    const refused = told && (await house.readRefused(told));
    if (refused) return { kind: 'payment', report: refused };
    const fact = await readOrTold(house, event, told);
    if (fact.kind !== 'payment' || !told?.decline) return fact;
    return { ...fact, report: { ...fact.report, decline: told.decline } };
  };
  return { kind: 'unread', read };
}

async function readOrTold(house: House, event: ClaimedInboxEvent, told: PaymentReport | undefined): Promise<Fact> {
  const payment = house.gateway.paymentOf(event.body);
  const { payment_id } = payment;
  const report = await house.readPayment(payment_id);
  if (report === 'told_by_its_session') return { kind: 'ignored' };
  if (report) return { kind: 'payment', report };
  if (told) return { kind: 'payment', report: told };
  // Of another version only the mark is read; everything else only Stripe may tell.
  if (!isMarkedBy(house.shop, payment)) return { kind: 'ignored' };
  return { kind: 'payment', report: await house.gateway.readIntent(payment_id, 'unblock') };
}

/** Believes a refund that succeeded; every other state may still change, so it is read again. */
export function refundFact(house: House, event: ClaimedInboxEvent): Heard {
  if (speaksOurVersion(house, event)) {
    const report = house.gateway.refundOf(event.body);
    if (report.status === 'succeeded') return { kind: 'refund', report };
  }
  const { object_id } = event;
  if (object_id === null) return { kind: 'ignored' };
  const read = async (): Promise<Fact> => ({
    kind: 'refund',
    report: await house.gateway.readRefund(object_id, 'unblock'),
  });
  return { kind: 'unread', read };
}

/** A dispute may move in every direction, so each event about one only says that it is to be read again. */
export function disputeFact(house: House, { object_id }: ClaimedInboxEvent): Heard {
  if (object_id === null) return { kind: 'ignored' };
  const read = async (): Promise<Fact> => ({
    kind: 'dispute',
    report: await house.gateway.readDispute(object_id, 'unblock'),
  });
  return { kind: 'unread', read };
}
