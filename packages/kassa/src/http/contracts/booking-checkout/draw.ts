import { z } from '@hono/zod-openapi';
import type { CheckoutView } from '../../../flows/checkout/refresh-checkout.ts';
import type { Opened } from '../../../flows/opening/attach-session.ts';
import { isoSeconds } from '../iso-seconds.ts';

const cents = (example: number) => z.int().openapi({ description: 'Minor unit of the currency.', example });

/** The nine fields that the contract fixes; `discount_cents` joins them when a coupon was named. */
export const CreatedBody = z
  .object({
    checkout_session_id: z.null(),
    payment_intent_id: z.string().nullable().openapi({ example: 'pi_1234567890' }),
    client_secret: z.string().nullable().openapi({ example: 'pi_1234567890_secret_abcdef' }),
    order_id: z.uuid().openapi({ example: '550e8400-e29b-41d4-a716-446655440000' }),
    subtotal_cents: cents(10_000),
    tax_cents: cents(875),
    credits_applied_cents: cents(2_000),
    total_cents: cents(8_875),
    requires_payment: z.boolean(),
    discount_cents: cents(0).optional(),
  })
  .openapi('BookingCreated');

/** An appointment as the buyer sees it. `service_id` and `practitioner_id` are the shop's own ids. */
const Booking = z
  .object({
    id: z.uuid(),
    service_id: z.union([z.int(), z.string()]).openapi({ type: 'integer', example: 123 }),
    practitioner_id: z.union([z.int(), z.string()]).openapi({ type: 'integer', example: 456 }),
    start_time: z.iso.datetime().openapi({ example: '2027-01-15T10:00:00Z' }),
    end_time: z.iso.datetime().openapi({ example: '2027-01-15T11:00:00Z' }),
    status: z.string().openapi({ example: 'confirmed' }),
  })
  .openapi('Booking');

export const ConfirmedBody = z
  .object({
    order_id: z.uuid(),
    payment_intent_id: z.string().nullable(),
    status: z.enum(['pending', 'processing', 'paid', 'partially_refunded', 'refunded', 'expired', 'canceled']),
    payment_intent_status: z.string().nullable().openapi({ example: 'succeeded' }),
    requires_action: z.boolean(),
    client_secret: z.string().nullable(),
    bookings: z.array(Booking),
  })
  .openapi('BookingConfirmed');

export const StatusBody = z
  .object({
    checkout_session_id: z.string().nullable(),
    payment_intent_id: z.string().nullable(),
    order_id: z.uuid(),
    status: z.enum(['open', 'complete', 'expired']),
    order_status: z.string().openapi({ example: 'pending' }),
    payment_status: z.enum(['unpaid', 'paid', 'no_payment_required']),
    payment_intent_status: z.string().nullable(),
    requires_action: z.boolean(),
    client_secret: z.string().nullable(),
    subtotal_cents: cents(10_000),
    tax_cents: cents(875),
    credits_applied_cents: cents(2_000),
    total_cents: cents(8_875),
    requires_payment: z.boolean(),
    currency: z.string().openapi({ example: 'usd' }),
    hold_expires_at: z.iso.datetime(),
    bookings: z.array(Booking),
  })
  .openapi('BookingStatus');

export function drawCreated(opened: Opened, with_discount: boolean): z.input<typeof CreatedBody> {
  const { payment_id, client_secret, order_id, subtotal_minor, tax_minor, credits_minor, total_minor } = opened;
  return {
    checkout_session_id: null,
    payment_intent_id: payment_id,
    client_secret,
    order_id,
    subtotal_cents: subtotal_minor,
    tax_cents: tax_minor,
    credits_applied_cents: credits_minor,
    total_cents: total_minor,
    requires_payment: total_minor > 0,
    ...(with_discount ? { discount_cents: opened.discount_minor } : {}),
  };
}

export function drawConfirmed(view: CheckoutView): z.input<typeof ConfirmedBody> {
  const requires_action = view.intent_status === 'requires_action';
  return {
    order_id: view.order_id,
    payment_intent_id: view.payment_id,
    // Nothing of this contract is ever a draft.
    status: ConfirmedBody.shape.status.parse(view.order_status),
    payment_intent_status: view.intent_status,
    requires_action,
    client_secret: requires_action ? view.client_secret : null,
    bookings: bookingsOf(view),
  };
}

export function drawStatus(view: CheckoutView): z.input<typeof StatusBody> {
  return {
    checkout_session_id: view.session_id,
    payment_intent_id: view.payment_id,
    order_id: view.order_id,
    status: view.status,
    order_status: view.order_status,
    payment_status: view.payment_status,
    payment_intent_status: view.intent_status,
    requires_action: view.intent_status === 'requires_action',
    client_secret: view.status === 'open' ? view.client_secret : null,
    subtotal_cents: view.subtotal_minor,
    tax_cents: view.tax_minor,
    credits_applied_cents: view.credits_minor,
    total_cents: view.total_minor,
    requires_payment: view.total_minor > 0,
    currency: view.currency,
    hold_expires_at: isoSeconds(view.hold_expires_at),
    bookings: bookingsOf(view),
  };
}

function bookingsOf(view: CheckoutView): z.input<typeof Booking>[] {
  return view.appointments.map((one) => ({
    id: one.id,
    service_id: asGiven(one.offer_external_id),
    practitioner_id: asGiven(one.practitioner_external_id),
    start_time: isoSeconds(one.starts_at),
    end_time: isoSeconds(one.ends_at),
    status: one.state,
  }));
}

/** Ids that are whole numbers travel as numbers, as this contract's pages send them. */
export function asGiven(external_id: string): number | string {
  return /^(?:0|[1-9]\d{0,14})$/.test(external_id) ? Number(external_id) : external_id;
}
