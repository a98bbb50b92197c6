/** Typed client of Kassa for the browser and Node, one class for each contract. No dependencies. */
export { type Booking, BookingCheckout, type BookingRequest, type BookingStatus } from './booking-checkout.ts';
export {
  type Customer,
  type PaymentIntent,
  type PaymentIntentRequest,
  type PaymentIntentStatus,
  PaymentItem,
  type PaymentLinkRequest,
  type PaymentState,
  type Refund,
  StripePaymentManager,
} from './chat-payments.ts';
export { CheckoutError } from './checkout-error.ts';
export { EmbeddedCheckout } from './embedded-checkout.ts';
export type { Polled, PollOptions } from './poll.ts';
export { StripeCheckout } from './stripe-checkout.ts';
export type { World } from './system.ts';
export { type TicketDetails, TicketOrder } from './ticket-order.ts';
export type { CheckoutSession, CheckoutSessionRequest, CheckoutStatus, PaymentOutcome } from './types.ts';
export type { ClientOptions, Once } from './wire.ts';
