import type { AfterRefund, UnexpectedMoney } from '../kernel/policies/after-sale.ts';

/**
 * What the program runs on: `kassa.config.ts` and the environment after every check, in one frozen object. Names are
 * those of the stored data, durations are milliseconds, money is integer minor units, and what is absent is null.
 */
export interface Settings {
  /** Which of the shops of this installation it is. `default` answers for every host that no other one names. */
  readonly tenant: { readonly key: string; readonly hosts: readonly string[] };
  /** The other shops, each with settings of its own; empty in those. */
  readonly tenants: readonly Settings[];
  readonly mode: 'test' | 'live';
  /** `NODE_ENV=production`. */
  readonly production: boolean;
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** False: nobody named a port, so a taken one may be replaced by the next free one. */
    readonly port_is_fixed: boolean;
    readonly base_path: string;
  };
  /** Absolute path. */
  readonly data_folder: string;
  /** Null: the embedded Postgres in the data folder. */
  readonly database_url: string | null;
  readonly stripe: StripeSettings;
  /** Those that were configured; the sandbox adds its own. Empty: the webhook route answers 503. */
  readonly webhook_secrets: readonly string[];
  readonly frontend: FrontendSettings;
  readonly auth: AuthSettings;
  readonly notify: NotifySettings;
  /** Proxies of our own between buyers and Kassa: whose `X-Forwarded-For` is believed, and how far. */
  readonly proxy_hops: number;
  /** Whether Postgres keeps plans of statements by name; a pooler may forbid it. */
  readonly prepared: boolean;
  readonly log_level: 'debug' | 'info' | 'warn' | 'error';
  readonly workflows: { readonly kind: 'timers' } | { readonly kind: 'temporal'; readonly address: string };
  readonly seller: { readonly name: string; readonly email: string; readonly country: string | null };
  /** The currency in which totals are shown when nothing else says so. */
  readonly currency: string;
  /** IANA zone in which dates without a time are meant. */
  readonly time_zone: string;
  readonly offers: readonly OfferSettings[];
  readonly practitioners: readonly PractitionerSettings[];
  /** Thousandths of a percent by class: 8.75 % is 8750. */
  readonly tax_rates: readonly { readonly tax_class: string; readonly rate_milli: number }[];
  readonly coupons: readonly CouponSettings[];
  readonly contracts: ContractSettings;
  readonly after_refund: AfterRefund;
  readonly unexpected_money: UnexpectedMoney;
  /** How long the bodies of Stripe's events are kept. */
  readonly event_bodies_ms: number;
  /** Sentences that the start prints: nothing is wrong, but somebody may be surprised. */
  readonly notices: readonly string[];
}

export type StripeSettings =
  | { readonly kind: 'sandbox'; readonly port: number; readonly port_is_fixed: boolean }
  | { readonly kind: 'stripe'; readonly secret_key: string; readonly publishable_key: string | null };

export interface FrontendSettings {
  /** Exact origins for CORS and for return addresses, such as `https://shop.example`. */
  readonly origins: readonly string[];
  /** Where redirects of Kassa's own making lead: the first origin. */
  readonly origin: string;
  /** True: nothing was configured, so the origins are Kassa's own address and change with the port. */
  readonly follows_port: boolean;
  /** `any` answers every origin; test mode only. */
  readonly cors: 'list' | 'any';
}

export type AuthSettings = {
  /** What a buyer's token must say of its issuer and of whom it is for; null: not asked. */
  readonly issuer: string | null;
  readonly audience: string | null;
} & (
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'jwks'; readonly url: string }
  /** Nothing was configured. Development makes a secret in the data folder; production has no signed-in buyers. */
  | { readonly kind: 'none' }
);

/** A null address: those messages are caught and shown in the inbox page. */
export interface NotifySettings {
  readonly smtp_url: string | null;
  readonly sms_url: string | null;
  /** Signs what is posted to `sms_url`. Null: a secret of this machine's own, kept in the data folder. */
  readonly sms_secret: string | null;
  /** The short message about a paid order, with its placeholders. */
  readonly confirmation: string;
  /** True: everybody whose number is known gets it. False: those who bought in a conversation alone. */
  readonly confirms_all: boolean;
  /** The sender of the shop's mail. */
  readonly from: { readonly name: string; readonly address: string };
}

export type OfferKind = 'item' | 'ticket' | 'appointment' | 'bundle' | 'package' | 'plan' | 'custom_amount';

/** What happens to money that arrives after its hold has ended. */
export type WhenLate = 'rehold-or-refund' | 'refund' | 'review';

/** The same as people write it; what is left away has its default. */
export interface UnexpectedMoneyOptions {
  withoutOrder?: 'refund' | 'review' | undefined;
  secondPayment?: 'refund' | 'review' | undefined;
  otherAmount?: 'refund' | 'review' | undefined;
}

export interface OfferSettings {
  /** The key in `catalog`. */
  readonly key: string;
  /** A UUID, when the shop fixes the offer's own id. */
  readonly id: string | null;
  readonly external_id: string;
  readonly kind: OfferKind;
  readonly name: string;
  readonly description: string | null;
  /** At least one, at most one per currency; the first is the offer's own currency. */
  readonly prices: readonly PriceSettings[];
  /** Null: unlimited. */
  readonly capacity: number | null;
  readonly max_per_order: number;
  readonly hold_ms: number;
  /** When ticket-order sets stock aside: as the session opens, or as the buyer's details are stored. */
  readonly hold_at: 'session' | 'pending';
  readonly when_late: WhenLate;
  readonly tax_class: string | null;
  readonly starts_at: Date | null;
  readonly time_zone: string | null;
  readonly duration_ms: number | null;
  readonly buffer_ms: number;
  /** Keys in `Settings.practitioners`. */
  readonly practitioners: readonly string[];
  readonly children: readonly ChildSettings[];
  readonly grants: readonly GrantSettings[];
  readonly recurring: RecurringSettings | null;
  /** `contract`: kept by a contract for itself. Default: the shop's own. */
  readonly source?: 'contract';
}

/** Either `unit_minor`, or both bounds of a free amount. */
export interface PriceSettings {
  readonly currency: string;
  readonly unit_minor: number | null;
  readonly minimum_minor: number | null;
  readonly maximum_minor: number | null;
  readonly stripe_price_id: string | null;
}

export interface ChildSettings {
  readonly offer: string;
  readonly quantity: number;
  readonly required: boolean;
  /** An optional child that is chosen unless the buyer says no. */
  readonly selected: boolean;
}

/** So many of an offer, or so many minor units of a currency. */
export interface GrantSettings {
  readonly offer: string | null;
  readonly currency: string | null;
  readonly amount: number;
  readonly expires_after_ms: number | null;
}

export interface RecurringSettings {
  readonly interval: 'day' | 'week' | 'month' | 'year';
  readonly interval_count: number;
  readonly trial_ms: number;
}

export interface PractitionerSettings {
  readonly external_id: string;
  readonly name: string;
}

export interface CouponSettings {
  readonly code: string;
  /** Thousandths of a percent, or null when the coupon takes an amount. */
  readonly percent_milli: number | null;
  readonly amount_minor: number | null;
  readonly currency: string | null;
  readonly starts_at: Date | null;
  /** The first moment at which it no longer counts. */
  readonly ends_at: Date | null;
  readonly uses_max: number | null;
  readonly per_buyer_max: number | null;
  /** Empty: all offers. */
  readonly offers: readonly string[];
}

/** Null: the contract is switched off and its paths answer 404. Offers are keys of `catalog`. */
export interface ContractSettings {
  readonly hosted_checkout: HostedCheckoutSettings | null;
  readonly ticket_order: { readonly offer: string | null; readonly mount: string } | null;
  readonly booking_checkout: BookingCheckoutSettings | null;
  readonly chat_payments: ChatPaymentsSettings | null;
  readonly embedded_checkout: EmbeddedCheckoutSettings | null;
  /** A live attempt that has heard nothing for this long may ask Stripe on a read. */
  readonly refresh_after_ms: number;
}

export interface BookingCheckoutSettings {
  readonly docs: 'open' | 'signed-in' | 'off';
  readonly return_url: string | null;
}

export interface HostedCheckoutSettings {
  readonly offer: string | null;
  readonly custom_amount_offer: string | null;
  readonly success_url: string | null;
  readonly cancel_url: string | null;
  readonly public_metadata_keys: readonly string[];
}

export interface ChatPaymentsSettings {
  readonly auth: 'keys' | 'none';
  /** Bounds of an amount that a key names; null: Stripe's own. Minor units, one row per currency. */
  readonly amounts: readonly {
    readonly currency: string;
    readonly minimum_minor: number;
    readonly maximum_minor: number;
  }[];
}

export interface EmbeddedCheckoutSettings {
  readonly offer: string | null;
  readonly return_path: string;
  readonly exact_parameters: boolean;
}
