import type { Hooks, Settings } from './config.ts';
import { type ClaimedTimer, type Database, HEARTBEAT, LONG_LEASE } from './database/index.ts';
import { findContractOffer, listOffers, openPriceList } from './domain/catalog/index.ts';
import { recognizeKey } from './domain/keys/index.ts';
import { knowsOrder } from './domain/orders/index.ts';
import { declinesFrom, type Gateway } from './domain/payments/index.ts';
import { listNotifications, listOrders, listTrouble, readNotification, readStory } from './domain/reports/index.ts';
import { beginAppointment } from './flows/appointments/begin-appointment.ts';
import { forgetCustomer } from './flows/buyers/forget-customer.ts';
import { expireCheckout } from './flows/checkout/expire-checkout.ts';
import { quoteBasket } from './flows/checkout/quote-basket.ts';
import { startCheckout } from './flows/checkout/start-checkout.ts';
import { recordDispute } from './flows/disputes/record-dispute.ts';
import { recordWarning } from './flows/disputes/record-warning.ts';
import type { House, Pace, Shop } from './flows/house.ts';
import { sharedBy } from './flows/opening/open-together.ts';
import { adopt } from './flows/proof/adopt.ts';
import { recordRefund } from './flows/refunds/record-refund.ts';
import { sendRefund } from './flows/refunds/send-refund.ts';
import { settle } from './flows/settle.ts';
import { settleBatch } from './flows/settle-batch.ts';
import type { HttpHouse, HttpSettings, Readiness, StripeJs } from './http/house.ts';
import { DEFAULT_LIMITS, type Limits } from './http/limits.ts';
import type { InboxDesk } from './inbox/drain.ts';
import { eventStore, receive } from './inbox/receive.ts';
import type { Clock } from './kernel/clock.ts';
import type { Http } from './kernel/http.ts';
import type { Ids } from './kernel/ids.ts';
import type { Log } from './kernel/log.ts';
import type { Random } from './kernel/random.ts';
import { askGate, GATE_LIMIT_MS, type GateDesk } from './outbox/ask-gate.ts';
import type { OutboxDesk } from './outbox/desk.ts';
import { destinationsFor } from './outbox/destinations.ts';
import type { Mailer } from './outbox/mailer.ts';
import { catchingMessenger, type Messenger } from './outbox/sms/messenger.ts';
import { builtInEngine } from './outbox/workflows/built-in-engine.ts';
import { checkoutsOf } from './wiring/checkouts-of.ts';
import { earsOf, paceOf } from './wiring/ears-of.ts';
import { looksOf } from './wiring/looks-of.ts';
import { paymentsOf } from './wiring/payments-of.ts';
import { pricesOf } from './wiring/prices-of.ts';
import { timersOf } from './wiring/timers-of.ts';
import type { TimerRound } from './workflows/run-timers.ts';

/** The world as Kassa is handed it: the real one by `system.ts`, a virtual one by tests and the simulation. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly log: Log;
  readonly http: Http;
}

/** Everything that must be open before the house can stand. */
export interface Parts {
  readonly settings: Settings;
  readonly hooks: Hooks;
  readonly world: World;
  /** Short limits, for requests that a buyer waits for. */
  readonly db: Database;
  /** Longer limits, for workers. May be the same. */
  readonly worker_db: Database;
  readonly gateway: Gateway;
  readonly mailer: Mailer;
  /** Absent: short messages are caught in the inbox page. */
  readonly messenger?: Messenger;
  readonly shop: Shop;
  readonly auth_secret: string | null;
  /** Seals the tokens that pages send along with a cookie; the same in every process of the shop. */
  readonly form_secret: string;
  readonly site_folder: string | null;
  readonly version: string;
  readonly stripe_js?: StripeJs | null;
  /** How long a mail server or a hook may take; absent where time is virtual, because waiting would move it. */
  readonly delivery_limit_ms?: number;
  readonly readiness: () => Promise<Readiness>;
  /** How often callers may ask. Default: `DEFAULT_LIMITS`. */
  readonly limits?: Limits;
  /** False settles each order by itself: what the fast way is measured and tested against. */
  readonly batches?: boolean;
  /** Other times than `DEFAULT_PACE`, for the simulation. */
  readonly pace?: Partial<Pace>;
}

type Worker = 'inbox' | 'outbox' | 'timers';

export interface BuiltHouse {
  readonly house: House;
  readonly http: HttpHouse;
  readonly inbox: InboxDesk;
  readonly outbox: OutboxDesk;
  readonly timers: TimerRound<ClaimedTimer>;
  /** Says who goes round when there is work. Until then a wake-up is lost, which only costs time. */
  onWake(wake: (worker: Worker) => void): void;
}

/** How long the shop's own sign-in, or the issuer of its tokens, may take: a buyer waits for it. */
const SIGN_IN_LIMIT_MS = 2_000;

/** Puts the rooms together. Opens nothing, starts nothing: whoever calls it decides what runs. */
export function houseOf(parts: Parts): BuiltHouse {
  const { settings, world, db, gateway, shop } = parts;
  let wake: (worker: Worker) => void = () => undefined;
  const house: House = {
    db,
    gateway,
    clock: world.clock,
    ids: world.ids,
    log: world.log,
    shop,
    pace: { ...paceOf(settings), ...parts.pace },
    prices: openPriceList(db, shop, world.clock),
    after_refund: settings.after_refund,
    unexpected_money: settings.unexpected_money,
    destinationsOf: destinationsFor(parts.hooks.on, settings.notify.confirms_all),
    quoteBasket,
    settle,
    adopt,
    settleBatch: parts.batches === false ? null : settleBatch,
    shared: null,
    recordRefund,
    recordDispute,
    recordWarning,
    expireCheckout,
    sendRefund,
    forgetCustomer,
    ...looksOf(db, gateway, shop),
    wake: (worker) => wake(worker),
  };
  const shares = (own: House): House => (parts.batches === false ? own : { ...own, shared: sharedBy(own) });
  const front = shares(house);
  const behind = shares({ ...house, ...looksOf(parts.worker_db, gateway, shop), db: parts.worker_db });
  // Where nothing is limited, time is virtual, and a heartbeat would move it.
  const holding = parts.delivery_limit_ms == null ? LONG_LEASE : HEARTBEAT;
  return {
    house: front,
    http: httpOf(parts, front),
    inbox: { house: behind, random: world.random, holding },
    outbox: outboxOf(parts, behind),
    timers: timersOf(behind, {
      random: world.random,
      holding,
      ears: earsOf(settings),
      event_bodies_ms: settings.event_bodies_ms,
    }),
    onWake(announce) {
      wake = announce;
    },
  };
}

function outboxOf(parts: Parts, behind: House): OutboxDesk {
  const { settings, hooks, world, worker_db, mailer, messenger = catchingMessenger(), delivery_limit_ms } = parts;
  const { seller, time_zone, notify } = settings;
  const { clock, random, ids, log } = world;
  return {
    ...{ clock, random, ids, log, mailer, messenger },
    workflows: builtInEngine((appointment_id) => beginAppointment(behind, appointment_id)),
    db: worker_db,
    limit_ms: delivery_limit_ms ?? null,
    seller: { name: seller.name, email: seller.email, time_zone },
    sender: notify.from,
    confirmation: notify.confirmation,
    hooks: hooks.on,
  };
}

function httpOf(parts: Parts, house: House): HttpHouse {
  const { db, shop } = house;
  const { clock, ids, random, log, http } = parts.world;
  const store = eventStore(db, undefined, log);
  // An order may have become paid in these: its mails and hooks need not wait for the next look.
  const thenWake = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work;
    house.wake('outbox');
    return result;
  };
  return {
    ...{ clock, ids, random, log, http },
    settings: httpSettingsOf(parts),
    // Where time is virtual nothing hangs, so nothing is limited either.
    patience_ms: parts.delivery_limit_ms == null ? null : SIGN_IN_LIMIT_MS,
    authenticate: parts.hooks.authenticate ?? null,
    // One house alone is never too full; an installation counts what is under way in all of them.
    refuseWhenFull: () => undefined,
    whereThereIsRoom: (_what, work) => work(),
    async startCheckout(command) {
      await askGate(gateOf(parts, house), command);
      return thenWake(startCheckout(house, command));
    },
    ...checkoutsOf(house, thenWake),
    ...paymentsOf(house, thenWake),
    findOffer: (ref) => house.prices.find(ref),
    findContractOffer: (key) => findContractOffer(db, shop, key),
    listOffers: () => listOffers(db, shop),
    knowsOrder: (order_id) => knowsOrder(db, shop, order_id),
    declinesFrom: (opened_from, since) => declinesFrom(db, shop, { opened_from, since }),
    ...pricesOf(house, parts.settings.currency),
    async recognizeKey(text) {
      const key = await recognizeKey(db, shop.mode, text, clock.now());
      return key?.tenant_id === shop.tenant_id ? key : undefined;
    },
    receive: (raw, signature) => receive(house, store, raw, signature),
    listOrders: (filter) => listOrders(db, shop, filter),
    readStory: (order_id) => readStory(db, shop, order_id),
    listNotifications: (filter) => listNotifications(db, shop, filter),
    readNotification: (id) => readNotification(db, shop, id),
    listTrouble: () => listTrouble(db, shop),
    readiness: parts.readiness,
  };
}

/** Where time is virtual nothing hangs, so nothing is limited either. */
function gateOf({ hooks, world, delivery_limit_ms }: Parts, { db, shop }: House): GateDesk {
  const limit = { clock: world.clock, limit_ms: delivery_limit_ms == null ? null : GATE_LIMIT_MS };
  return { db, shop, limit, gate: hooks.before['checkout.create'] };
}

function httpSettingsOf(parts: Parts): HttpSettings {
  const { settings, auth_secret, form_secret, site_folder, version, limits = DEFAULT_LIMITS } = parts;
  const { auth } = settings;
  return {
    mode: settings.stripe.kind === 'sandbox' ? 'sandbox' : settings.mode,
    version,
    base_path: settings.server.base_path,
    seller: settings.seller,
    origins: settings.frontend.origins,
    hosts: settings.tenant.hosts,
    cors_any: settings.frontend.cors === 'any',
    proxy_hops: settings.proxy_hops,
    auth_secret,
    buyer_tokens: { jwks_url: auth.kind === 'jwks' ? auth.url : null, issuer: auth.issuer, audience: auth.audience },
    csrf_secret: form_secret,
    limits,
    site_folder,
    stripe_js: parts.stripe_js ?? null,
    hosted_checkout: settings.contracts.hosted_checkout,
    ticket_order: settings.contracts.ticket_order,
    embedded_checkout: settings.contracts.embedded_checkout,
    chat_payments: settings.contracts.chat_payments,
    currency: settings.currency,
    booking_checkout: settings.contracts.booking_checkout,
  };
}
