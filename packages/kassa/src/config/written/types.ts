/**
 * What people write in `kassa.config.ts`, as plain interfaces: no validator's types leak into a shop's program.
 * Names are camelCase here and snake_case in `Settings`, which is what the program runs on.
 */
import type { AfterRefund } from '../../kernel/policies/after-sale.ts';
import type { UnexpectedMoneyOptions, WhenLate } from '../settings.ts';

/** Made by `usd('19.99')` and its like: integer minor units, lower-case currency. */
export interface Money {
  readonly currency: string;
  readonly amount_minor: number;
}

/** One price, or one for each currency; the first is the offer's own. */
export type Price = Money | readonly Money[];

/** `90s`, `30m`, `24h`, `14d`, `2w`, `12mo`, `1y`. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd' | 'w' | 'mo' | 'y'}`;

type Absent = undefined;

export interface OfferOptions {
  name: string;
  description?: string | Absent;
  /** The id under which older systems and contracts know the offer. Default: its key. `123` and `'123'` are one. */
  externalId?: string | number | Absent;
  /** Fixes Kassa's own id: a UUID or a TypeID such as `screening_01h455vb4pex5vsknk084sn02q`. */
  id?: string | Absent;
  /** The Stripe price that stands for this offer, or one by currency. */
  stripePrice?: string | Readonly<Record<string, string>> | Absent;
  /** Default 10. */
  maxPerOrder?: number | Absent;
  /** How long a checkout keeps what it has set aside. Default 30m, 15m for appointments, bundles and packages; 1m to 24h. */
  hold?: Duration | Absent;
  /** Money that comes after the hold: held again if there is stock, else refunded (default); refunded; reviewed. */
  whenLate?: WhenLate | Absent;
  /** A class of `tax`. Default `standard` when there is one; `none` is never taxed. */
  taxClass?: string | Absent;
}

export interface ItemOptions extends OfferOptions {
  price: Price;
  /** How many exist. Default: no limit. */
  capacity?: number | Absent;
}

export interface TicketOptions extends ItemOptions {
  /** Local time of the event, such as `2027-01-15T19:30`. */
  startsAt?: string | Absent;
  /** IANA zone of `startsAt`. Default: the shop's. */
  timeZone?: string | Absent;
  /** `session` (default) holds a seat when the page opens, `pending` when the buyer's details are stored. */
  holdAt?: 'session' | 'pending' | Absent;
}

export interface AppointmentOptions extends OfferOptions {
  price: Price;
  duration: Duration;
  /** Kept free after each appointment. Default 0m. */
  buffer?: Duration | Absent;
  practitioners?: readonly { readonly id: string | number; readonly name: string }[] | Absent;
}

export interface BundleOptions<Key extends string> extends OfferOptions {
  price: Price;
  /** So many of each product. */
  credits?: { readonly [Product in Key]: number } | Absent;
  /** Credit in money. */
  creditMoney?: Money | Absent;
  /** Default: credits do not expire. */
  expires?: Duration | Absent;
}

export interface PackOptions<Key extends string, OptionalKey extends string> extends OfferOptions {
  price: Price;
  includes: { readonly [Product in Key]: number };
  /** Parts that a buyer may leave away. `selected` ones are in unless the buyer says no. */
  optional?:
    | { readonly [Product in OptionalKey]: number | { readonly quantity: number; readonly selected?: boolean } }
    | Absent;
}

export interface PlanOptions extends OfferOptions {
  price: Price;
  every: 'day' | 'week' | 'month' | 'year';
  /** Default 1: `every: 'month', count: 3` is quarterly. */
  count?: number | Absent;
  trial?: Duration | Absent;
}

export interface CustomAmountOptions extends OfferOptions {
  /** One bound for each currency; `max` has the same currencies. */
  min: Price;
  max: Price;
}

/** An entry of `catalog`. `Key` are the products that it refers to, so that a misspelt one does not compile. */
export interface Offer<Key extends string = string> {
  readonly kind: 'item' | 'ticket' | 'appointment' | 'bundle' | 'package' | 'plan' | 'custom_amount';
  readonly name: string;
  /** Never present: carries `Key` for the compiler. */
  readonly refersTo?: Key | undefined;
}

export interface Coupon<Key extends string> {
  /** 10 or '12.5'. */
  percentOff?: number | string | Absent;
  amountOff?: Money | Absent;
  only?: readonly Key[] | Absent;
  /** First day or moment, in the shop's zone. */
  from?: string | Absent;
  /** Last day, or the moment at which it ends. */
  until?: string | Absent;
  /** Uses in all. */
  limit?: number | Absent;
  perBuyer?: number | Absent;
}

export interface HostedCheckoutOptions<Key extends string> {
  /** What is sold when the page names nothing. */
  product?: Key | Absent;
  /** A `customAmount` product that takes bare amounts. Default: bare amounts are refused. */
  customAmountProduct?: Key | Absent;
  /** A path on the first origin, or an address on one of the origins. */
  successUrl?: string | Absent;
  cancelUrl?: string | Absent;
  /** Default `source`, `payment_type`. */
  publicMetadataKeys?: readonly string[] | Absent;
}

export interface Contracts<Key extends string> {
  'hosted-checkout'?: boolean | HostedCheckoutOptions<Key> | Absent;
  'ticket-order'?:
    | boolean
    | { product?: Key | Absent; mount?: string | Absent; uiMode?: 'elements' | 'custom' | Absent }
    | Absent;
  /** `returnUrl` is where a method that redirects leads: a path on the first origin, or an address on an origin. */
  'booking-checkout'?: boolean | { docs?: 'open' | 'signed-in' | 'off' | Absent; returnUrl?: string | Absent } | Absent;
  'chat-payments'?: boolean | { auth?: 'keys' | 'none' | Absent; min?: Price | Absent; max?: Price | Absent } | Absent;
  'embedded-checkout'?:
    | boolean
    | {
        product?: Key | Absent;
        returnPath?: string | Absent;
        exactParameters?: boolean | Absent;
        uiMode?: 'embedded_page' | 'embedded' | Absent;
      }
    | Absent;
}

/** What `smtp()` makes. */
export type Smtp = { readonly kind: 'smtp'; readonly url: string };

export interface NotifyOptions {
  email?: Smtp | Absent;
  /** Where short messages are posted to: `process.env.KASSA_SMS_URL`. Absent: caught in the inbox page. */
  sms?: string | Absent;
  /**
   * What buyers read when their order is paid, with `{order_id}`, `{seller}` and `{total}`. Default: `Order {order_id}
   * confirmed!`, to those who bought in a conversation; written here, to everybody whose number is known.
   */
  confirmation?: string | Absent;
}

/** How buyers prove who they are, beside the cookie of the hook `authenticate`. */
export interface AuthOptions {
  /** Default: `KASSA_AUTH_SECRET`. */
  secret?: string | Absent;
  /** Default: `KASSA_AUTH_JWKS_URL`. */
  jwksUrl?: string | Absent;
  /** What a token's `iss` must be. Default: not looked at. */
  issuer?: string | Absent;
  /** What a token's `aud` must be or hold. Set it when the issuer signs tokens for others too. */
  audience?: string | Absent;
}

/**
 * Another shop of the same installation, with its own buyers, orders and Stripe account. Its secrets stand in the
 * environment behind its key: `STRIPE_SECRET_KEY__OTHER` for `other`, and so `STRIPE_PUBLISHABLE_KEY__…`,
 * `STRIPE_WEBHOOK_SECRET__…`, `FRONTEND_URL__…`, `KASSA_AUTH_SECRET__…`, `KASSA_AUTH_JWKS_URL__…`.
 */
export interface TenantOptions<Key extends string> {
  /** Host names under which it is called, lower case, without port. */
  hosts: readonly string[];
  /** Who sells, on its pages and mails. Default: the seller's. */
  name?: string | Absent;
  email?: string | Absent;
  /** Besides `FRONTEND_URL__…`. Default: its hosts, by https. */
  origins?: readonly string[] | Absent;
  /** What it sells of the catalogue, each with stock of its own. Default: everything. */
  products?: readonly Key[] | Absent;
  /** The prices at its own Stripe account that stand for products. */
  stripePrices?: { readonly [Product in Key]?: string | Readonly<Record<string, string>> | Absent } | Absent;
  /** What it says of a contract counts instead of what the shop says of it. */
  contracts?: Contracts<Key> | Absent;
  /** Nothing of the shop's own `auth` counts here: its buyers are other people. */
  auth?: AuthOptions | Absent;
}

export interface KassaConfig<Catalog extends Record<string, Offer> = Record<string, Offer>> {
  /** Default `usd`. */
  currency?: string | Absent;
  seller: { name: string; email: string; country?: string | Absent };
  catalog: Catalog;
  coupons?: Readonly<Record<string, Coupon<keyof Catalog & string>>> | Absent;
  /** Percent by class, as decimal text: `{ standard: '8.75' }`. */
  tax?: Readonly<Record<string, string>> | Absent;
  /** IANA zone of dates without a time. Default `UTC`. */
  timeZone?: string | Absent;
  /** Where Kassa's own API lives. Default `/pay`. */
  basePath?: string | Absent;
  /** Host names, lower case, without port, when its origins have others. Addresses of Kassa's making name no others. */
  hosts?: readonly string[] | Absent;
  /** Default: `DATABASE_URL`, else the embedded Postgres. */
  database?: string | Absent;
  /** Read from the environment by name when left away. Absent altogether: the sandbox. */
  stripe?: { secretKey?: string | Absent; publishableKey?: string | Absent; webhookSecret?: string | Absent } | Absent;
  notify?: NotifyOptions | Absent;
  auth?: AuthOptions | Absent;
  /** Exact origins of return addresses, CORS and embedding pages, besides `FRONTEND_URL`. */
  origins?: readonly string[] | Absent;
  /** `any` lets every origin call; test mode only. */
  cors?: 'list' | 'any' | Absent;
  contracts?: Contracts<keyof Catalog & string> | Absent;
  /** What goes with the last of an order's money. Default: appointments and granted credits, not the coupon's use. */
  afterRefund?: Partial<AfterRefund> | Absent;
  /** Money that no order asked for: back by itself, or before a person (docs/refunds.md). */
  unexpectedMoney?: UnexpectedMoneyOptions | Absent;
  /** How long the text of each event from Stripe is kept, by whole months. Default 90d; its id is kept for ever. */
  keepEvents?: Duration | Absent;
  /** Other shops of this installation, by key. Requests for other hosts belong to the shop itself. */
  tenants?: Readonly<Record<string, TenantOptions<keyof Catalog & string>>> | Absent;
  /** How long a live attempt may be silent before a read asks Stripe. Default 3s. */
  refreshAfter?: Duration | Absent;
  workflows?: 'timers' | { temporal: string } | Absent;
}

/** The keys of a configuration's catalogue. */
export type ProductKey<Config> = Config extends { catalog: infer Catalog } ? keyof Catalog & string : string;

/** Turns an entry that refers to a product that is not there into a type that does not fit. */
export type CheckedCatalog<Catalog> = {
  [Key in keyof Catalog]: Catalog[Key] extends Offer<infer Named>
    ? [Named] extends [keyof Catalog]
      ? Catalog[Key]
      : Offer<keyof Catalog & string>
    : Offer;
};
