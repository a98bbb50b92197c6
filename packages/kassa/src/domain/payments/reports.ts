import type { DisputeStatus } from './dispute.ts';

/** What Stripe has said, in our words. Amounts are minor units. */

/** Stripe's word for where a payment stands (docs.stripe.com/payments/paymentintents/lifecycle). */
export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled';

/** What Stripe has said of one try to collect money. */
export interface PaymentReport {
  /** Null when Stripe spoke of the payment alone; it belongs to the attempt that has its `payment_id`. */
  readonly session_id: string | null;
  readonly payment_id: string | null;
  /**
   * `open` may still be paid, `complete` means that nothing was refused so far, `expired` can never be paid because
   * time ran out, `canceled` because somebody asked for it.
   */
  readonly status: 'open' | 'complete' | 'expired' | 'canceled';
  /** The only word that means money: `complete` alone does not. */
  readonly payment_status: 'unpaid' | 'paid' | 'no_payment_required';
  /** Stripe's own word for the payment; null where it told of the session only. */
  readonly intent_status: IntentStatus | null;
  /** A delayed method that finally said no. The session stays complete at Stripe. */
  readonly failed: boolean;
  /** What a bank refused last, and what Stripe calls the reason. By its own id, so that hearing of it twice counts once. */
  readonly decline: { readonly id: string; readonly code: string } | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly email: string | null;
  readonly livemode: boolean;
  /** True when Stripe's object carries our mark, so that an unknown id is worth waiting for. Never used to link. */
  readonly marked: boolean;
  /** The shop that the mark names; null where it names none. */
  readonly shop_id: string | null;
  /** Our order's id as Stripe gave it back. A hint for people and for finding a lost answer; never a link by itself. */
  readonly reference: string | null;
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

/** A dispute as Stripe tells it. Amounts are minor units. */
export interface DisputeReport {
  readonly dispute_id: string;
  readonly payment_id: string | null;
  /** True when the payment carries our mark, so that an unknown one is worth waiting for. Never used to link. */
  readonly marked: boolean;
  /** The shop that the mark names; null where it names none. */
  readonly shop_id: string | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly status: DisputeStatus;
  readonly reason: string | null;
  /** How often its money has moved so far, and how much of it is away now, without Stripe's fee. */
  readonly movements: number;
  readonly withdrawn_minor: number;
  readonly fee_minor: number;
  readonly due_at: Date | null;
  readonly opened_at: Date;
  readonly livemode: boolean;
  readonly at: Date;
}

/** What Stripe took, or gave back, as money moved (docs.stripe.com/api/balance_transactions). It never changes. */
export interface FeeReport {
  readonly movement_id: string;
  /** Of the payment that it is about; null for money that has none, such as a payout. */
  readonly payment_id: string | null;
  readonly told_by_dispute: boolean;
  /** Minor units; negative for what came back. */
  readonly fee_minor: number;
  /** Of the account, which need not be the payment's. */
  readonly currency: string;
}

/** A bank's warning that a payment looks like fraud. It moves no money. */
export interface FraudWarningReport {
  readonly warning_id: string;
  readonly payment_id: string | null;
  readonly marked: boolean;
  readonly shop_id: string | null;
  readonly fraud_type: string;
  readonly livemode: boolean;
  readonly at: Date;
}

/** Available money by currency, minor units. */
export type BalanceReport = ReadonlyMap<string, number>;

/** What Stripe answered when an attempt was opened: a session, or a payment without one. */
export interface OpenedAtStripe {
  readonly session_id: string | null;
  readonly payment_id: string | null;
  readonly url: string | null;
  readonly client_secret: string | null;
  /** Stripe's word for the session, or for the payment when there is no session. */
  readonly status: string;
  readonly amount_minor: number;
  readonly currency: string;
}

/** A customer as Stripe knows them. */
export interface CustomerReport {
  readonly stripe_customer_id: string;
  readonly email: string | null;
  readonly name: string | null;
  /** The method that is charged when none is named. */
  readonly default_method_id: string | null;
  readonly created_at: Date;
}

/** A method that somebody pays with. */
export interface MethodReport {
  readonly id: string;
  readonly type: string;
  /** Whose it is at Stripe; null while nobody has kept it. */
  readonly stripe_customer_id: string | null;
  readonly created_at: Date;
  readonly card: {
    readonly brand: string;
    readonly last4: string;
    readonly exp_month: number;
    readonly exp_year: number;
  } | null;
}

/** Where Stripe sends events, as Stripe has it. */
export interface EndpointReport {
  readonly url: string;
  /** Stripe switches an endpoint off that fails for days. */
  readonly is_enabled: boolean;
  /** Null: the account's default. */
  readonly api_version: string | null;
  /** `*` for all. */
  readonly types: readonly string[];
}

/** One page of a list at Stripe; `next` continues it, undefined means that it was the last. */
export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

export interface ListedSession extends PaymentReport {
  readonly session_id: string;
  readonly created_at: Date;
  readonly url: string | null;
  readonly client_secret: string | null;
}

export interface ListedIntent extends PaymentReport {
  readonly payment_id: string;
  readonly intent_status: IntentStatus;
  readonly created_at: Date;
  readonly client_secret: string | null;
}

/** An event as Stripe lists it, with its whole body. */
export interface ListedEvent extends VerifiedEvent {
  readonly body: string;
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
