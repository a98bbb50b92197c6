import type { ListedEvent, PaymentReport, RefundReport, VerifiedEvent } from '../../domain/payments/gateway.ts';
import { WebhookRefused } from '../../domain/payments/gateway.ts';
import { verifySignature } from '../verify-signature.ts';
import { reportOfIntent } from './intent.ts';
import { markedOrder, markingShop } from './mark.ts';
import { type Fields, fieldsOf, flagOf, momentOf, optionalText, textOf } from './read-field.ts';
import { reportOfRefund } from './refund.ts';
import { reportOfSession } from './session.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Checks a webhook before anything of it is stored: signature and age first, over the raw bytes, then its shape.
 * @throws WebhookRefused with one of the texts of docs/contracts, Webhooks.
 */
export function verifyEvent(
  raw: Uint8Array,
  signature: string | null,
  trust: { secrets: readonly string[]; at: Date },
): VerifiedEvent {
  verifySignature(raw, signature, trust.secrets, trust.at);
  try {
    return outlineOf(parsed(UTF8.decode(raw)));
  } catch (error) {
    throw new WebhookRefused(400, 'invalid payload', error);
  }
}

/** An event that Stripe listed under our own key, which says as much as a signature. @throws Bug */
export function listedEvent(value: unknown): ListedEvent {
  const body = JSON.stringify(value);
  return { ...outlineOf(parsed(body)), body };
}

function outlineOf(event: Fields): VerifiedEvent {
  return {
    id: textOf(event, 'id'),
    type: textOf(event, 'type'),
    api_version: optionalText(event, 'api_version'),
    livemode: flagOf(event, 'livemode'),
    account: optionalText(event, 'account'),
    created_at: momentOf(event, 'created'),
    object_id: optionalText(objectIn(event), 'id'),
  };
}

function parsed(body: string): Fields {
  const event = fieldsOf(JSON.parse(body), 'an event');
  if (event.object !== 'event' || !textOf(event, 'id').startsWith('evt_')) throw new TypeError('not an event');
  return event;
}

function objectIn(event: Fields): Fields {
  return fieldsOf(fieldsOf(event.data, 'event data').object, 'an event object');
}

/** The session of a stored event. @throws Bug when it is not one. */
export function sessionInEvent(event_body: string): PaymentReport {
  const event = parsed(event_body);
  return reportOfSession(objectIn(event), momentOf(event, 'created'));
}

/** The refund of a stored event. @throws Bug when it is not one. */
export function refundInEvent(event_body: string): RefundReport {
  const event = parsed(event_body);
  return reportOfRefund(objectIn(event), momentOf(event, 'created'), flagOf(event, 'livemode'));
}

/** The payment of a stored event. @throws Bug when it is not one. */
export function intentInEvent(event_body: string): PaymentReport {
  const event = parsed(event_body);
  return reportOfIntent(objectIn(event), momentOf(event, 'created'));
}

/** The payment intent of a stored event: which one, and whose mark it carries. */
export function paymentInEvent(event_body: string): { payment_id: string; marked: boolean; shop_id: string | null } {
  const payment = objectIn(parsed(event_body));
  return { payment_id: textOf(payment, 'id'), marked: markedOrder(payment) !== null, shop_id: markingShop(payment) };
}
