import type { Database, Destination, Transaction } from '../database/index.ts';
import type { BookedTime } from '../domain/appointments/index.ts';
import type { PriceList } from '../domain/catalog/index.ts';
import type {
  DisputeReport,
  FraudWarningReport,
  Gateway,
  IntentStatus,
  PaymentReport,
  RefundReport,
} from '../domain/payments/index.ts';
import type { Quote } from '../domain/pricing/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Ids } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { AfterRefund, UnexpectedMoney } from '../kernel/policies/after-sale.ts';
import type { Shared } from './opening/open-together.ts';
import type { Adopt } from './refunding/adopted.ts';
import type { SettleBatch, StripeRef } from './settling/batch.ts';

/** The shop that a story works for: every row it writes carries these two. */
export interface Shop {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** How long things take, in milliseconds. Each has its default in `DEFAULT_PACE`. */
export interface Pace {
  /** A live attempt that has heard nothing for this long may ask Stripe on a status read (docs/contracts, Reads). */
  readonly refresh_after_ms: number;
  /** A checkout whose answer from Stripe was never written down is taken up again after this long. */
  readonly finish_after_ms: number;
  /** How often the reconciler lists objects at Stripe while attempts are live. */
  readonly reconcile_every_ms: number;
  /** How often Stripe is asked for events that never arrived; seconds where no webhook can reach us. */
  readonly fetch_events_every_ms: number;
  readonly quote_ms: number;
}

export const DEFAULT_PACE: Pace = {
  refresh_after_ms: 3_000,
  finish_after_ms: 30_000,
  reconcile_every_ms: 60_000,
  fetch_events_every_ms: 60_000,
  quote_ms: 15 * 60_000,
};

/** Why something changed: goes into the audit log, so that every state has a cause. */
export interface Cause {
  /** Such as `event:evt_…`, `read:status`, `reconcile`, `request:req_…`, `timer:expire_checkout`. */
  readonly cause: string;
  /** Who asked: `stripe`, `buyer`, `kassa`, `admin:<name>`, `key:<id>`. */
  readonly actor: string;
}

export type Settle = (house: House, tx: Transaction, report: PaymentReport, cause: Cause) => Promise<SettleOutcome>;
export type RecordRefund = (
  house: House,
  tx: Transaction,
  report: RefundReport,
  cause: Cause,
) => Promise<SettleOutcome>;

export type RecordDispute = (
  house: House,
  tx: Transaction,
  report: DisputeReport,
  cause: Cause,
) => Promise<SettleOutcome>;
export type RecordWarning = (
  house: House,
  tx: Transaction,
  report: FraudWarningReport,
  cause: Cause,
) => Promise<SettleOutcome>;

/** Answers whether somebody of ours was forgotten. */
export type ForgetCustomer = (house: House, tx: Transaction, stripe_customer_id: string) => Promise<boolean>;

/** A refund as Stripe has it. Amounts are minor units. */
export interface RefundView {
  readonly refund_id: string;
  /** Null for credits alone, of which Stripe never hears. */
  readonly stripe_refund_id: string | null;
  readonly order_id: string;
  readonly payment_id: string | null;
  readonly amount_minor: number;
  /** What the credits were worth that go back with it. */
  readonly credits_minor: number;
  readonly currency: string;
  /** Stripe's own word: `pending` may last for days and is not done. */
  readonly status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled';
  readonly reason: 'duplicate' | 'fraudulent' | 'requested_by_customer' | null;
  /** The answer that a repeated request got the first time. */
  readonly replayed: boolean;
}

export type ExpireCheckout = (house: House, attempt_id: string, cause: Cause) => Promise<void>;
/** `told`: somebody hears the answer at once, so that a refusal needs no other person. */
export type SendRefund = (house: House, refund_id: string, to?: { readonly told: boolean }) => Promise<void>;

/** A time that a buyer asks for. Without a practitioner the offer's only one is meant. */
export interface SlotWish {
  /** Our id of the practitioner. */
  readonly practitioner_id?: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
}

/** What a buyer wants of one part of a package. Absent fields are the package's own. */
export interface ChildWish {
  readonly selected: boolean;
  /** Per package. More than the package includes is charged at the part's own price. */
  readonly quantity?: number;
  /** Times for a part that is an appointment, one for each piece; without them the buyer gets credits for it. */
  readonly slots?: readonly SlotWish[];
}

export interface WishLine {
  readonly offer_id: string;
  readonly quantity: number;
  /** What one piece costs; read for custom amounts alone, every other price is the catalogue's. */
  readonly amount_minor?: number;
  /** The caller's own words for a custom amount. */
  readonly name?: string;
  readonly description?: string;
  /** Required for an appointment. */
  readonly slot?: SlotWish;
  /** Of a package, by the ids of its parts. */
  readonly children?: ReadonlyMap<string, ChildWish>;
}

/** What a buyer asks for, and who asks. */
export interface QuoteWish {
  readonly lines: readonly WishLine[];
  /** Lower case; absent: the first currency of the first offer. */
  readonly currency: string | undefined;
  readonly user_id: string | null;
  readonly email?: string | null;
  /** Our row of whoever pays; absent: that of the signed-in buyer, if there is one. */
  readonly customer_id?: string | null;
  readonly coupon_code?: string;
  /** Pay with the credits that the buyer has. */
  readonly use_credits?: boolean;
  /** The order is written in the same transaction: what it will spend is locked, so that the price stays true. */
  readonly will_hold?: boolean;
}

/** By which id a caller knows a checkout. An order id is a UUID and names the order's newest attempt. */
export type CheckoutRef =
  | { readonly session_id: string }
  | { readonly payment_id: string }
  | { readonly order_id: string };

/** What may be told of a checkout; each contract projects it into its own words and leaves out what is not theirs. */
export interface CheckoutView {
  readonly order_id: string;
  readonly order_number: number | null;
  readonly order_status: string;
  readonly contract: string;
  /** Whose it is, for contracts that serve signed-in buyers. */
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly payment_id: string | null;
  readonly status: 'open' | 'complete' | 'expired';
  readonly payment_status: 'unpaid' | 'paid' | 'no_payment_required';
  /** Stripe's word for the payment; null while it has none. */
  readonly intent_status: IntentStatus | null;
  /** Only while it may be paid. For the owner alone. */
  readonly client_secret: string | null;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly credits_minor: number;
  readonly total_minor: number;
  /** The same as `total_minor`. */
  readonly amount_minor: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly external_reference: string | null;
  readonly email: string | null;
  /** Who pays, as Stripe knows them. */
  readonly stripe_customer_id: string | null;
  readonly hold_expires_at: Date;
  readonly lines: readonly {
    readonly offer_id: string;
    readonly name: string;
    readonly quantity: number;
    readonly total_minor: number;
  }[];
  /** In the order of the lines. */
  readonly appointments: readonly BookedTime[];
}

export type QuoteBasket = (house: House, tx: Transaction, wish: QuoteWish) => Promise<Quote>;

/**
 * `unknown`: no attempt of ours has this session or payment. With an order id: the order is ours, but the fact must
 * wait
 * for another one to be written first.
 */
export interface SettleOutcome {
  readonly outcome: 'applied' | 'unchanged' | 'unknown';
  readonly order_id: string | null;
}

/** Everything that a story needs from the world and from its neighbours, handed in once by `app.ts`. */
export interface House {
  readonly db: Database;
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly shop: Shop;
  readonly pace: Pace;
  /** The catalogue as this process remembers it. */
  readonly prices: PriceList;
  readonly after_refund: AfterRefund;
  readonly unexpected_money: UnexpectedMoney;
  /** Where a message of this topic about an order of this contract goes: mail, short message, hooks. Fixed at start. */
  readonly destinationsOf: (topic: string, contract: string) => readonly Destination[];
  /** Stories that other stories ask for; flows never import each other. */
  readonly quoteBasket: QuoteBasket;
  readonly settle: Settle;
  readonly adopt: Adopt;
  /** Null: every order is settled by itself. */
  readonly settleBatch: SettleBatch | null;
  /** What strangers do together who come at the same moment. Null: everybody by themselves. */
  readonly shared: Shared | null;
  readonly recordRefund: RecordRefund;
  readonly recordDispute: RecordDispute;
  readonly recordWarning: RecordWarning;
  readonly expireCheckout: ExpireCheckout;
  readonly sendRefund: SendRefund;
  readonly forgetCustomer: ForgetCustomer;
  /** Which order each session or payment belongs to, by our stored ids alone; null when to none. */
  readonly ordersOf: (refs: readonly StripeRef[]) => Promise<(string | null)[]>;
  /**
   * What Stripe says now of a payment that an attempt of ours stands for. The payment of a session is not asked about:
   * its session tells. Undefined when no attempt has it.
   */
  /**
   * A refusal told by an event, with the page that it belongs to; undefined when there is no page behind it, or none
   * of ours.
   */
  readonly readRefused: (told: PaymentReport) => Promise<PaymentReport | undefined>;
  readonly readPayment: (payment_id: string) => Promise<PaymentReport | 'told_by_its_session' | undefined>;
  /** A hint that there is work; losing it only costs time. */
  readonly wake: (worker: 'inbox' | 'outbox' | 'timers') => void;
}
