/**
 * The port through which the house speaks with Stripe. Only `src/stripe` implements it; nobody else knows Stripe's
 * words. Every method that reaches the network begins with `assertNoTransaction()`.
 */

/** What Stripe has said of one try to collect money, in our words. Amounts are minor units. */
export interface PaymentReport {
  readonly session_id: string | null;
  readonly payment_id: string | null;
  /** `open` may still be paid, `complete` means that nothing was refused so far, `expired` can never be paid. */
  readonly status: 'open' | 'complete' | 'expired';
  /** The only word that means money: `complete` alone does not. */
  readonly payment_status: 'unpaid' | 'paid' | 'no_payment_required';
  /** A delayed method that finally said no. The session stays complete at Stripe. */
  readonly failed: boolean;
  readonly amount_minor: number;
  readonly currency: string;
  readonly email: string | null;
  readonly livemode: boolean;
  /** True when Stripe's object carries our mark, so that an unknown id is worth waiting for. Never used to link. */
  readonly marked: boolean;
  /** When Stripe said it: the event's creation, or the moment of the read. */
  readonly at: Date;
}

export type RefundStatus = 'requested' | 'pending' | 'succeeded' | 'failed' | 'canceled';

/** One refund as Stripe tells it. Amounts are minor units; sums over refunds are never taken from Stripe. */
export interface RefundReport {
  readonly refund_id: string;
  readonly payment_id: string | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly status: Exclude<RefundStatus, 'requested'>;
  readonly stripe_status: string;
  readonly reason: 'duplicate' | 'fraudulent' | 'requested_by_customer' | null;
  readonly failure_reason: string | null;
  /** Our own refund's id as Stripe gave it back. Only picks among our refunds of the same payment and amount. */
  readonly reference: string | null;
  readonly livemode: boolean;
  readonly at: Date;
}

/** A write to Stripe before it is sent: stored first, then sent as it stands, however often. */
export interface StoredRequest {
  readonly path: string;
  /** The exact form-encoded bytes. */
  readonly body: string;
}

export interface SessionLine {
  readonly name: string;
  readonly description: string | null;
  readonly unit_minor: number;
  readonly quantity: number;
  readonly stripe_price_id: string | null;
  /** What this line costs after discount and with tax. */
  readonly total_minor: number;
}

/** What a session is opened with. `expires_at` must lie 30 minutes to 24 hours ahead when it reaches Stripe. */
export interface SessionRequest {
  readonly presentation: 'hosted' | 'embedded' | 'elements';
  readonly order_id: string;
  readonly currency: string;
  readonly lines: readonly SessionLine[];
  readonly total_minor: number;
  /** True when discount, tax or credits make the total differ from the sum of unit prices. */
  readonly adjusted: boolean;
  readonly email: string | null;
  readonly success_url: string | null;
  readonly cancel_url: string | null;
  readonly expires_at: Date;
}

export interface OpenedSession {
  readonly session_id: string;
  readonly payment_id: string | null;
  readonly url: string | null;
  readonly client_secret: string | null;
  readonly status: 'open' | 'complete' | 'expired';
  readonly amount_minor: number;
  readonly currency: string;
}

/** One page of a list at Stripe; `next` continues it, undefined means that it was the last. */
export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

export interface ListedSession extends PaymentReport {
  readonly session_id: string;
  /** Our order id as Stripe gave it back. A hint for people and for finding a lost answer; never a link by itself. */
  readonly reference: string | null;
  readonly created_at: Date;
  readonly url: string | null;
  readonly client_secret: string | null;
}

/** An event whose signature, age, mode and account have been checked. */
export interface VerifiedEvent {
  readonly id: string;
  readonly type: string;
  readonly api_version: string | null;
  readonly livemode: boolean;
  readonly account: string | null;
  readonly created_at: Date;
  readonly object_id: string | null;
}

export type Lane = 'buyer' | 'money_back' | 'unblock' | 'reconcile';

export interface Gateway {
  /** The version of Stripe's API that we understand; an event of another one is never believed, only read again. */
  readonly api_version: string;

  /** Pure. The bytes that open a session; the same request always gives the same bytes. */
  composeSession(request: SessionRequest): StoredRequest;
  composeExpiry(session_id: string): StoredRequest;
  composeRefund(refund: {
    payment_id: string;
    amount_minor: number;
    reason: string | null;
    refund_id: string;
  }): StoredRequest;

  /**
   * Takes one token of the rate budget before anything is written, so that a refused buyer leaves nothing to undo.
   * @throws KassaError `payment_provider_unavailable` with `retry_after_s` when the wait would be too long.
   */
  reserve(endpoint: string, lane: Lane): Promise<void>;

  /** @throws GatewayFailure */
  openSession(stored: StoredRequest, key: string): Promise<OpenedSession>;
  /** Answers what Stripe says afterwards: `expired`, or `complete` when a payment won the race. @throws GatewayFailure */
  expireSession(stored: StoredRequest, key: string): Promise<PaymentReport>;
  /** @throws GatewayFailure */
  createRefund(stored: StoredRequest, key: string): Promise<RefundReport>;
  /** @throws GatewayFailure; `refused` with code `resource_missing` when Stripe does not know it. */
  readSession(session_id: string, lane: Lane): Promise<PaymentReport>;
  readRefund(refund_id: string, lane: Lane): Promise<RefundReport>;
  listSessions(filter: {
    created_from: Date;
    created_to?: Date;
    status?: 'open' | 'complete' | 'expired';
    after?: string;
  }): Promise<Listing<ListedSession>>;
  listRefunds(filter: { created_from: Date; after?: string }): Promise<Listing<RefundReport>>;

  /**
   * Checks signature, age and shape of a webhook. `at` is our clock.
   * @throws WebhookRefused with the text that the contract fixes.
   */
  verifyEvent(raw: Uint8Array, signature: string | null, at: Date): VerifiedEvent;
  /** The object inside a stored event body, in our words. @throws Bug when the body was never verified. */
  sessionOf(event_body: string): PaymentReport;
  refundOf(event_body: string): RefundReport;
  paymentOf(event_body: string): { payment_id: string; marked: boolean };
}

/**
 * A call to Stripe that did not answer with success.
 * `refused`: Stripe decided no, nothing happened. `busy`: not executed, try later. `unknown`: it may have happened.
 */
export class GatewayFailure extends Error {
  override readonly name = 'GatewayFailure';
  readonly kind: 'refused' | 'busy' | 'unknown';
  readonly code: string;

  constructor(kind: 'refused' | 'busy' | 'unknown', code: string, cause?: unknown) {
    super(`Stripe ${kind}: ${code}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.code = code;
  }
}

/** A webhook that is not accepted. `status` 400 tells Stripe that it is wrong, 503 that it should come again. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
  readonly status: 400 | 503;

  constructor(status: 400 | 503, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}
