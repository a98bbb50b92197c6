import { type ClientOptions, type Once, openWire, type Wire } from './wire.ts';

export interface TicketOrderOptions extends ClientOptions {
  /** Where the shop serves the contract. Default `/api/screening`. */
  mount?: string;
}

/** What the buyer wrote into the page; everything but the address is kept for the shop. */
export interface TicketDetails {
  email: string;
  screening_id?: string;
  [field: string]: string | number | boolean | null | undefined;
}

/** The contract `ticket-order`: a ticket page with its own form around Stripe's elements. */
export class TicketOrder {
  readonly #wire: Wire;

  constructor(api_key = '', options: TicketOrderOptions = {}) {
    this.#wire = openWire(options.mount ?? '/api/screening', api_key, options);
  }

  /** Opens the session when the page is visited; answers the secret for Stripe.js. @throws CheckoutError */
  createSession(wanted: { offer?: string } = {}, named?: Once): Promise<string> {
    return this.#wire.once('', wanted, named);
  }

  /** Stores the buyer's details right before the payment; the last values win. Answers `ord_…`. @throws CheckoutError */
  storeDetails(stripe_checkout_session_id: string, details: TicketDetails): Promise<string> {
    return this.#wire.post('/pending', { stripe_checkout_session_id, ...details });
  }

  /** Answers `ord_…` once the payment is complete. Safe to ask again. @throws CheckoutError 400 before that. */
  getConfirmation(stripe_checkout_session_id: string, screening_id: string): Promise<string> {
    return this.#wire.get(`/confirmation?${new URLSearchParams({ stripe_checkout_session_id, screening_id })}`);
  }
}
