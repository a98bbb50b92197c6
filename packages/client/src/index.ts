/** Typed client of Kassa for the browser and Node. No dependencies. */
export { CheckoutError } from './checkout-error.ts';
export { type CheckoutOptions, type PollOptions, StripeCheckout } from './stripe-checkout.ts';
export type { World } from './system.ts';
export type { CheckoutSession, CheckoutSessionRequest, CheckoutStatus, PaymentOutcome } from './types.ts';
