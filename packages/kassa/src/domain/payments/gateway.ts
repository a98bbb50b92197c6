/**
 * The port through which the house speaks with Stripe. Only `src/stripe` implements it; nobody else knows Stripe's
 * words. Every method that reaches the network begins with `assertNoTransaction()`.
 */

import type {
  BalanceReport,
  CustomerReport,
  DisputeReport,
  EndpointReport,
  FeeReport,
  FraudWarningReport,
  ListedEvent,
  ListedIntent,
  ListedSession,
  Listing,
  MethodReport,
  OpenedAtStripe,
  PaymentReport,
  RefundReport,
  VerifiedEvent,
} from './reports.ts';
import type {
  CancelReason,
  ConfirmRequest,
  CustomerRequest,
  IntentRequest,
  RefundRequest,
  SessionRequest,
  StoredRequest,
} from './requests.ts';

export type {
  BalanceReport,
  CustomerReport,
  DisputeReport,
  EndpointReport,
  FeeReport,
  FraudWarningReport,
  IntentStatus,
  ListedEvent,
  ListedIntent,
  ListedSession,
  Listing,
  MethodReport,
  OpenedAtStripe,
  PaymentReport,
  RefundReport,
  RefundStatus,
  VerifiedEvent,
} from './reports.ts';
export type {
  CancelReason,
  ConfirmRequest,
  CustomerRequest,
  IntentRequest,
  RefundRequest,
  SessionLine,
  SessionRequest,
  StoredRequest,
} from './requests.ts';

/**
 * Whether an object at Stripe was made by this shop. Never links it to anything: it only says whose it would be if no
 * row of ours knew it. Another installation on the same account has other orders, and they are not ours to miss.
 */
export function isMarkedBy(
  shop: { readonly tenant_id: string },
  object: Pick<PaymentReport, 'marked' | 'shop_id'>,
): boolean {
  return object.marked && (object.shop_id === null || object.shop_id === shop.tenant_id);
}

/** By creation at Stripe, both moments included; `after` is where the page before ended. */
export interface ListFilter {
  readonly created_from: Date;
  readonly created_to?: Date;
  readonly after?: string;
}

export type Lane = 'buyer' | 'money_back' | 'unblock' | 'reconcile';

export interface Gateway {
  /** The version of Stripe's API that we understand; an event of another one is never believed, only read again. */
  readonly api_version: string;

  /** Pure. The bytes that open a session; the same request always gives the same bytes. */
  composeSession(request: SessionRequest): StoredRequest;
  composeExpiry(session_id: string): StoredRequest;
  composeIntent(request: IntentRequest): StoredRequest;
  /** Without a reason the payment ends because its time is over; with one, because somebody asked. */
  composeCancel(payment_id: string, reason: CancelReason | null): StoredRequest;
  composeConfirm(confirmation: ConfirmRequest): StoredRequest;
  composeRefund(refund: RefundRequest): StoredRequest;
  composeCustomer(customer: CustomerRequest): StoredRequest;
  composeCustomerName(stripe_customer_id: string, name: string): StoredRequest;
  /** Lets the method be offered again, since its owner asked for that. */
  composeKeptMethod(method_id: string): StoredRequest;
  composeDefaultMethod(stripe_customer_id: string, method_id: string): StoredRequest;

  /**
   * Takes one token of the rate budget before anything is written, so that a refused buyer leaves nothing to undo.
   * @throws KassaError `payment_provider_unavailable` with `retry_after_s` when the wait would be too long.
   */
  reserve(endpoint: string, lane: Lane): Promise<void>;

  /** @throws GatewayFailure */
  openSession(stored: StoredRequest, key: string): Promise<OpenedAtStripe>;
  /** Answers what Stripe says afterwards: `expired`, or `complete` when a payment won the race. @throws GatewayFailure */
  expireSession(stored: StoredRequest, key: string): Promise<PaymentReport>;
  /** @throws GatewayFailure */
  openIntent(stored: StoredRequest, key: string): Promise<OpenedAtStripe>;
  /** @throws GatewayFailure; `refused` when the payment has succeeded, is with the bank, or belongs to a session. */
  cancelIntent(stored: StoredRequest, key: string): Promise<PaymentReport>;
  /**
   * Answers what became of the payment; a method that was refused leaves it open, with `decline` saying why.
   * @throws GatewayFailure
   */
  confirmIntent(stored: StoredRequest, key: string): Promise<PaymentReport>;
  /** @throws GatewayFailure */
  createRefund(stored: StoredRequest, key: string): Promise<RefundReport>;
  /** @throws GatewayFailure; `refused` with code `resource_missing` when Stripe does not know it. */
  readSession(session_id: string, lane: Lane): Promise<PaymentReport>;
  readIntent(payment_id: string, lane: Lane): Promise<PaymentReport>;
  readRefund(refund_id: string, lane: Lane): Promise<RefundReport>;
  /** Undefined when Stripe does not know it, or no longer. */
  readEvent(event_id: string, lane: Lane): Promise<ListedEvent | undefined>;
  listSessions(filter: ListFilter & { status?: 'open' | 'complete' | 'expired' }): Promise<Listing<ListedSession>>;
  /** Every payment of the account, those of sessions among them. */
  listIntents(filter: ListFilter): Promise<Listing<ListedIntent>>;
  /** The session that a payment belongs to, if any. */
  sessionOfPayment(payment_id: string): Promise<ListedSession | undefined>;
  /** Of one payment when it is named. */
  listRefunds(filter: ListFilter & { payment_id?: string | null }): Promise<Listing<RefundReport>>;
  /** Events of these types, at most twenty; Stripe keeps them for thirty days. */
  listEvents(filter: ListFilter & { types: readonly string[] }): Promise<Listing<ListedEvent>>;
  /** @throws GatewayFailure; `refused` with code `resource_missing` when Stripe does not know it. */
  readDispute(dispute_id: string, lane: Lane): Promise<DisputeReport>;
  readFraudWarning(warning_id: string, lane: Lane): Promise<FraudWarningReport>;
  listDisputes(filter: ListFilter): Promise<Listing<DisputeReport>>;
  /** Every movement of the account's balance, whether it cost something or not. */
  listFees(filter: ListFilter): Promise<Listing<FeeReport>>;
  /** What could be paid out or given back at this moment. */
  readBalance(lane: Lane): Promise<BalanceReport>;
  /** Every address that Stripe sends this account's events to; at most a hundred. */
  listEndpoints(): Promise<readonly EndpointReport[]>;

  /** Answers the id at Stripe. @throws GatewayFailure */
  createCustomer(stored: StoredRequest, key: string): Promise<string>;
  /** Any change of a customer or a method. Answers the object's id. @throws GatewayFailure */
  changeObject(stored: StoredRequest, key: string): Promise<string>;
  /** Undefined when Stripe does not know it, or it was deleted there. */
  readCustomer(stripe_customer_id: string, lane: Lane): Promise<CustomerReport | undefined>;
  /** The customer that was made for this row of ours; its address, when it has one, narrows the search. */
  findCustomer(made: { customer_id: string; email: string | null; created_from: Date }): Promise<string | undefined>;
  /** Newest first. */
  listMethods(stripe_customer_id: string, limit: number): Promise<readonly MethodReport[]>;
  /** Undefined when Stripe does not know it. */
  readMethod(method_id: string, lane: Lane): Promise<MethodReport | undefined>;
  /** The method of a payment; undefined while it has none. */
  methodOfPayment(payment_id: string, lane: Lane): Promise<MethodReport | undefined>;

  /** How much of Stripe's rate limits is left at this moment: of all calls together (`*`), and of each endpoint used. */
  budgetLeft(): readonly BudgetLeft[];

  /**
   * Checks signature, age and shape of a webhook. `at` is our clock.
   * @throws WebhookRefused with the text that the contract fixes.
   */
  verifyEvent(raw: Uint8Array, signature: string | null, at: Date): VerifiedEvent;
  /** The object inside a stored event body, in our words. @throws Bug when the body was never verified. */
  sessionOf(event_body: string): PaymentReport;
  refundOf(event_body: string): RefundReport;
  intentOf(event_body: string): PaymentReport;
  /** All that may be read of a payment in an event of another version: which one it is, and whether it is marked. */
  paymentOf(event_body: string): Pick<PaymentReport, 'marked' | 'shop_id'> & { readonly payment_id: string };
}

/** Calls that may be sent at once, and how fast that grows per second: less than allowed for a while after a 429. */
export interface BudgetLeft {
  readonly endpoint: string;
  readonly calls: number;
  readonly per_s: number;
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

/**
 * It may have happened, and Stripe has repeated what it keeps under the key of the call: whatever else is sent under this
 * key hears the same and has no effect. What failed Stripe may still make good itself, minutes later, without a change of
 * that answer (docs.stripe.com/error-low-level).
 */
export class KeptFailure extends GatewayFailure {
  constructor(code: string, cause: unknown) {
    super('unknown', code, cause);
  }
}

/** The code of a call that was kept here, because it was too late for it to leave. No repeat makes it earlier. */
export const TOO_LATE = 'too_late_to_send';

/** A webhook that is not accepted. `status` 400 tells Stripe that it is wrong, 503 that it should come again. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
  readonly status: 400 | 503;

  constructor(status: 400 | 503, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}
