import type { Offer, OfferOnSale, OfferRef, Practitioner } from '../domain/catalog/index.ts';
import type { ApiKey } from '../domain/keys/index.ts';
import type {
  NotificationPage,
  NotificationView,
  OrderFilter,
  OrderPage,
  OrderStory,
  Trouble,
} from '../domain/reports/index.ts';
import type { KnownCustomer } from '../flows/asking/know-customer.ts';
import type { CreditBalance } from '../flows/buyers/credit-balance.ts';
import type { SavedMethod } from '../flows/buyers/list-payment-methods.ts';
import type { OnceWork } from '../flows/checkout/answer-once.ts';
import type { FillOrder } from '../flows/checkout/fill-order.ts';
import type { PricedWish } from '../flows/checkout/price-basket.ts';
import type { Standing } from '../flows/checkout/read-standing.ts';
import type { Ask, CheckoutRef, CheckoutView } from '../flows/checkout/refresh-checkout.ts';
import type { Answer, StartCheckout } from '../flows/checkout/start-checkout.ts';
import type { Cause, QuoteWish, RefundView } from '../flows/house.ts';
import type { CancelPayment } from '../flows/payments/cancel-payment.ts';
import type { ConfirmPayment } from '../flows/payments/confirm-payment.ts';
import type { RefundOrder } from '../flows/refunds/refund-order.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Http } from '../kernel/http.ts';
import type { Ids } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { AuthenticateAtShop } from './callers/sign-in.ts';
import type { Limits } from './limits.ts';
import type { Measure } from './metrics.ts';
import type { Sheddable } from './pressure.ts';

/** What the `hosted-checkout` contract is told by the shop's configuration (docs/contracts/hosted-checkout.md). */
export interface HostedCheckoutSettings {
  /** Offer that is bought when a request names none, by its key in the catalogue. */
  readonly offer: string | null;
  /** Key of the offer that takes a bare amount. Absent: a bare amount is refused. */
  readonly custom_amount_offer: string | null;
  readonly success_url: string | null;
  readonly cancel_url: string | null;
  /** Metadata keys that the status call shows to whoever holds the session id. */
  readonly public_metadata_keys: readonly string[];
}

/** What else is asked of a buyer's token. Null: not asked. */
export interface BuyerTokenSettings {
  /** Where the issuer's public keys are; then they alone verify tokens. */
  readonly jwks_url: string | null;
  readonly issuer: string | null;
  readonly audience: string | null;
}

/** What the `booking-checkout` contract is told by the shop's configuration (docs/contracts/booking-checkout.md). */
export interface BookingCheckoutSettings {
  /** Who sees the contract's documentation pages. */
  readonly docs: 'open' | 'signed-in' | 'off';
  /** Where a payment method that redirects leads when the page names nothing. Null: the first of the shop's origins. */
  readonly return_url: string | null;
}

/** What the `ticket-order` contract is told (docs/contracts/ticket-order.md). */
export interface TicketOrderSettings {
  /** Key of the ticket that is sold when a request names none. */
  readonly offer: string | null;
  /** Where its paths begin, such as `/api/screening`. */
  readonly mount: string;
}

/** What the `embedded-checkout` contract is told (docs/contracts/embedded-checkout.md). */
export interface EmbeddedCheckoutSettings {
  /** Key of the one offer that is sold. Null: nothing is. */
  readonly offer: string | null;
  /** Path on the shop's first origin to which buyers come back. */
  readonly return_path: string;
  readonly exact_parameters: boolean;
}

/** What the `chat-payments` contract is told by the shop's configuration (docs/contracts/chat-payments.md). */
export interface ChatPaymentsSettings {
  /** `none`: whoever sends no key holds all rights; the configuration allows it in test mode on this computer alone. */
  readonly auth: 'keys' | 'none';
}

/** What a page needs to show a form of Stripe's. Both are public. */
export interface StripeJs {
  readonly script: string;
  readonly publishable_key: string;
}

export interface HttpSettings {
  /** `sandbox` opens the developer's pages and allows http for loopback addresses; `live` allows neither. */
  readonly mode: 'sandbox' | 'test' | 'live';
  readonly version: string;
  readonly seller: { readonly name: string };
  /** Origins that may call from a browser and that return addresses may lead to, such as `https://shop.example`. */
  readonly origins: readonly string[];
  /** Host names under which Kassa itself is called besides its origins, such as `tickets.shop.example`. */
  readonly hosts: readonly string[];
  /** Where Kassa's own paths begin, such as `/pay`. */
  readonly base_path: string;
  /** Lets every origin call. The configuration refuses it with a live key. */
  readonly cors_any: boolean;
  /** How many proxies of our own stand in front and append to `X-Forwarded-For`. 0: the socket's address counts. */
  readonly proxy_hops: number;
  /** Verifies buyers' bearer tokens (HS256). Null: no token is accepted, unless `buyer_tokens` has an address. */
  readonly auth_secret: string | null;
  readonly buyer_tokens: BuyerTokenSettings;
  /** Seals the tokens that pages send along with a cookie. The same in every process of the shop. */
  readonly csrf_secret: string;
  readonly limits: Limits;
  /** Absolute path of the folder with the shop's own pages, served as they are. Null: no pages. */
  readonly site_folder: string | null;
  /** Null: nobody said with which key, or nothing listens that could serve it. */
  readonly stripe_js: StripeJs | null;
  /** Null: the contract is switched off and its paths answer 404. */
  readonly hosted_checkout: HostedCheckoutSettings | null;
  readonly ticket_order: TicketOrderSettings | null;
  readonly embedded_checkout: EmbeddedCheckoutSettings | null;
  readonly chat_payments: ChatPaymentsSettings | null;
  /** The shop's currency, where a caller names none and no price decides. */
  readonly currency: string;
  readonly booking_checkout: BookingCheckoutSettings | null;
}

/** Whether the house can take an order now. Parts are `database`, `stripe`, `workers` and whatever else is needed. */
export interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, 'up' | 'down'>>;
}

/** Payments that the server itself has a hand in, and the people who make them. */
export interface PaymentStories {
  readonly confirmPayment: (wanted: ConfirmPayment, cause: Cause) => Promise<CheckoutView>;
  readonly cancelPayment: (wanted: CancelPayment, cause: Cause) => Promise<CheckoutView>;
  readonly refundOrder: (wanted: RefundOrder) => Promise<RefundView>;
  readonly customerOf: (buyer: { readonly user_id: string; readonly email: string | null }) => Promise<KnownCustomer>;
  readonly makeCustomer: (wanted: { readonly email: string; readonly name?: string }) => Promise<KnownCustomer>;
  readonly readCustomer: (stripe_customer_id: string) => Promise<KnownCustomer>;
  readonly listPaymentMethods: (wanted: {
    readonly user_id: string;
    readonly limit: number;
  }) => Promise<readonly SavedMethod[]>;
}

/** What a contract may ask about prices, and about the credits that pay them. */
export interface PriceStories {
  /** Somebody who gives appointments, by the id that the shop gave them. */
  readonly findPractitioner: (external_id: string) => Promise<Practitioner | undefined>;
  /** What a basket would cost, as a stored quote; nothing is held. */
  readonly priceBasket: (wish: QuoteWish & { readonly quote_id?: string }) => Promise<PricedWish>;
  /** A signed-in buyer's credits, money in the shop's currency. */
  readonly creditBalance: (buyer: { readonly user_id: string }) => Promise<CreditBalance>;
}

/** Everything that HTTP needs from the house, as functions that `app.ts` has bound. HTTP knows no database. */
export interface HttpHouse extends PaymentStories, PriceStories {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly log: Log;
  /** The way out, for the public keys of whoever signs buyers in. */
  readonly http: Http;
  readonly settings: HttpSettings;
  /** How long whoever is asked about a buyer may take, in milliseconds; null where time is virtual. */
  readonly patience_ms: number | null;
  /** The shop's own answer to who is signed in there. Null: cookies sign nobody in. */
  readonly authenticate: AuthenticateAtShop | null;

  /**
   * Does work for somebody if there is room for one more of its kind: asked before the first look at the database.
   * @throws KassaError `overloaded`, at once.
   */
  readonly whereThereIsRoom: <Result>(what: Sheddable, work: () => Promise<Result>) => Promise<Result>;
  /** Whether there is none, before a request is so much as read. @throws KassaError `overloaded`. */
  readonly refuseWhenFull: (what: Sheddable) => void;
  readonly startCheckout: (command: StartCheckout) => Promise<Answer>;
  /** Work that repeats harmlessly, answered under the caller's key. */
  readonly answerOnce: (once: OnceWork) => Promise<Answer>;
  /** The stored answer of a repeated request. @throws KassaError `idempotency_key_reused`. */
  readonly replayAnswer: (idempotency: NonNullable<StartCheckout['idempotency']>) => Promise<Answer | undefined>;
  readonly refreshCheckout: (ref: CheckoutRef, ask: Ask) => Promise<CheckoutView | undefined>;
  /** Where a checkout stands, for pages that poll by its session. */
  readonly readStanding: (session_id: string, ask: 'never' | 'when_stale') => Promise<Standing | undefined>;
  readonly fillOrder: (wish: FillOrder) => Promise<Answer>;
  readonly findOffer: (ref: OfferRef) => Promise<Offer | undefined>;
  /** The offer that a contract keeps for itself. */
  readonly findContractOffer: (key: string) => Promise<Offer | undefined>;
  /** Whether this shop has an order of this id. */
  readonly knowsOrder: (order_id: string) => Promise<boolean>;
  readonly listOffers: () => Promise<readonly OfferOnSale[]>;
  /** How often cards were declined since then in checkouts that were opened there. */
  readonly declinesFrom: (
    opened_from: string,
    since: Date,
  ) => Promise<{ readonly declines: number; readonly last_at: Date | null }>;
  /** The key of this shop that the text is, unless it was revoked, noting that it was used. */
  readonly recognizeKey: (text: string) => Promise<ApiKey | undefined>;
  /** @throws WebhookRefused with the text that the contract fixes. */
  readonly receive: (raw: Uint8Array, signature: string | null) => Promise<{ readonly event_id: string }>;

  readonly listOrders: (filter: OrderFilter) => Promise<OrderPage>;
  readonly readStory: (order_id: string) => Promise<OrderStory | undefined>;
  readonly listNotifications: (page: {
    limit: number;
    before?: string;
    order_id?: string;
  }) => Promise<NotificationPage>;
  readonly readNotification: (id: string) => Promise<NotificationView | undefined>;
  readonly listTrouble: () => Promise<Trouble>;
  readonly readiness: () => Promise<Readiness>;
  /** How the whole process stands. Absent: this shop does not tell. */
  readonly readMeasures?: () => Promise<readonly Measure[]>;
}
