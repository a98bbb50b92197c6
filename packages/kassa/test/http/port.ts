// The port of the HTTP room with hand-made functions behind it: for rules that HTTP alone decides. Everything that
// needs an order, a price or a webhook is tested against the whole shop in test/contracts.
import type { Offer } from '../../src/domain/catalog/index.ts';
import type { CheckoutView } from '../../src/flows/checkout/refresh-checkout.ts';
import type { StartCheckout } from '../../src/flows/checkout/start-checkout.ts';
import type { HttpHouse, HttpSettings, PaymentStories } from '../../src/http/house.ts';
import { DEFAULT_LIMITS } from '../../src/http/limits.ts';
import { createHttp } from '../../src/http/server.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { idsFrom } from '../../src/kernel/ids.ts';
import type { Log } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';

export const SETTINGS: HttpSettings = {
  mode: 'test',
  version: '0.0.0',
  seller: { name: 'Blue Hall' },
  origins: ['https://shop.example'],
  base_path: '/pay',
  cors_any: false,
  proxy_hops: 0,
  auth_secret: null,
  buyer_tokens: { jwks_url: null, issuer: null, audience: null },
  csrf_secret: 'seals the forms of a made up shop',
  limits: DEFAULT_LIMITS,
  site_folder: null,
  hosts: [],
  stripe_js: null,
  ticket_order: null,
  embedded_checkout: null,
  booking_checkout: null,
  hosted_checkout: {
    offer: null,
    custom_amount_offer: null,
    success_url: null,
    cancel_url: null,
    public_metadata_keys: ['source', 'payment_type'],
  },
  chat_payments: { auth: 'keys' },
  currency: 'usd',
};

const PRINT: Offer = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  key: 'print',
  external_id: 'print',
  kind: 'item',
  name: 'Print',
  description: null,
  max_per_order: 10,
  hold_ms: 1_800_000,
  hold_at: 'session',
  when_late: 'rehold-or-refund',
  tax_class: null,
  starts_at: null,
  time_zone: null,
  duration_ms: null,
  buffer_ms: 0,
  version: 1,
  active: true,
  children: [],
  grants: [],
  practitioners: [],
  prices: [
    { currency: 'usd', unit_minor: 1999, minimum_minor: null, maximum_minor: null, stripe_price_id: 'price_123' },
  ],
};

const DONATION: Offer = {
  ...PRINT,
  id: '550e8400-e29b-41d4-a716-446655440000',
  key: 'donation',
  external_id: 'donation',
  kind: 'custom_amount',
  name: 'Donation',
  max_per_order: 1,
  prices: ['usd', 'jpy', 'kwd'].map((currency) => ({
    currency,
    unit_minor: null,
    minimum_minor: 500,
    maximum_minor: 50_000,
    stripe_price_id: null,
  })),
};

export const OPEN_VIEW: CheckoutView = {
  order_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  order_number: null,
  order_status: 'pending',
  contract: 'hosted-checkout',
  user_id: null,
  payment_id: null,
  intent_status: null,
  client_secret: null,
  external_reference: null,
  stripe_customer_id: null,
  status: 'open',
  payment_status: 'unpaid',
  subtotal_minor: 3998,
  discount_minor: 0,
  tax_minor: 0,
  credits_minor: 0,
  total_minor: 3998,
  amount_minor: 3998,
  currency: 'usd',
  metadata: { source: 'web_checkout', payment_type: 'price', internal: 'secret' },
  email: 'ann@example.com',
  session_id: 'cs_test_1',
  hold_expires_at: new Date('2027-01-01T00:30:00Z'),
  lines: [{ offer_id: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'Print', quantity: 2, total_minor: 3998 }],
  appointments: [],
};

const notHere = async (): Promise<never> => {
  throw new Error('no payments are made at this desk');
};
const NO_PAYMENTS: PaymentStories = {
  confirmPayment: notHere,
  cancelPayment: notHere,
  refundOrder: notHere,
  customerOf: notHere,
  makeCustomer: notHere,
  readCustomer: notHere,
  listPaymentMethods: notHere,
};

export interface Desk {
  readonly house: HttpHouse;
  readonly started: StartCheckout[];
  readonly asked: string[];
  readonly logged: unknown[][];
  readonly received: Uint8Array[];
  wait(ms: number): void;
  send(path: string, init?: RequestInit & { ip?: string; host?: string }): Promise<Response>;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export const CREATE = '/api/payments/v1/checkout/session';
export const STATUS = '/api/payments/v1/checkout/status/cs_test_1';
export const BUY = { stripe_price_id: 'price_123', success_url: 'https://shop.example/pay' };

/** An HTTP app whose stories only write down what they were asked. */
export function desk(changed: Partial<HttpSettings> = {}, port: Partial<HttpHouse> = {}): Desk {
  let now_ms = Date.UTC(2027, 0, 1);
  const clock: Clock = { now: () => new Date(now_ms), sleep: async () => undefined };
  const started: StartCheckout[] = [];
  const asked: string[] = [];
  const logged: unknown[][] = [];
  const received: Uint8Array[] = [];
  const write = (...line: unknown[]): void => void logged.push(line);
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  const house: HttpHouse = {
    clock,
    ids: idsFrom(clock, seededRandom('http')),
    random: seededRandom('http chance'),
    http: () => Promise.reject(new Error('nobody is out there')),
    patience_ms: null,
    authenticate: null,
    log,
    settings: { ...SETTINGS, ...changed },
    refuseWhenFull: () => undefined,
    whereThereIsRoom: (_what, work) => work(),
    startCheckout: async (command) => {
      started.push(command);
      const opened = {
        order_id: OPEN_VIEW.order_id,
        attempt_id: OPEN_VIEW.order_id,
        session_id: 'cs_test_1',
        payment_id: null,
        client_secret: null,
        subtotal_minor: 3998,
        discount_minor: 0,
        tax_minor: 0,
        credits_minor: 0,
        order_status: 'pending' as const,
      };
      const body = command.render({
        ...opened,
        url: 'https://pay.example/cs_test_1',
        total_minor: 3998,
        currency: 'usd',
      });
      return { status: 200, body: JSON.stringify(body), replayed: false };
    },
    fillOrder: async (wish) => ({
      status: 200,
      body: JSON.stringify(wish.render(OPEN_VIEW.order_id)),
      replayed: false,
    }),
    answerOnce: notHere,
    replayAnswer: async () => undefined,
    refreshCheckout: async (ref, ask) => {
      const session_id = 'session_id' in ref ? ref.session_id : '';
      asked.push(`${session_id} ${ask}`);
      return session_id === OPEN_VIEW.session_id ? OPEN_VIEW : undefined;
    },
    readStanding: async (session_id, ask) => {
      asked.push(`${session_id} ${ask}`);
      return session_id === OPEN_VIEW.session_id ? OPEN_VIEW : undefined;
    },
    ...NO_PAYMENTS,
    findOffer: async (ref) =>
      [PRINT, DONATION].find(
        (offer) =>
          offer.external_id === ref.external_id ||
          offer.key === ref.key ||
          offer.id === ref.id ||
          (ref.stripe_price_id !== undefined && offer.prices[0]?.stripe_price_id === ref.stripe_price_id),
      ),
    findContractOffer: async () => undefined,
    knowsOrder: async () => false,
    listOffers: async () => [{ ...PRINT, stock: { capacity: 5, held: 1, sold: 2 } }],
    declinesFrom: async () => ({ declines: 0, last_at: null }),
    findPractitioner: async () => undefined,
    priceBasket: () => Promise.reject(new Error('nothing is priced here')),
    creditBalance: () => Promise.reject(new Error('nobody has credits here')),
    recognizeKey: async () => undefined,
    receive: async (raw) => {
      received.push(raw);
      return { event_id: 'evt_1' };
    },
    listOrders: async () => ({ orders: [], next: undefined }),
    readStory: async () => undefined,
    listNotifications: async () => ({ notifications: [], next: undefined }),
    readNotification: async () => undefined,
    listTrouble: async () => ({
      counts: { parked_events: 0, parked_deliveries: 0, reviews: 0, breaks: 0 },
      breaks: [],
      parked_events: [],
      parked_deliveries: [],
      reviews: [],
    }),
    readiness: async () => ({ ready: true, parts: { database: 'up' } }),
    ...port,
  };
  const app = createHttp(house);
  const send: Desk['send'] = (path, init = {}) => {
    const { ip = '203.0.113.7', host = 'shop.test', ...rest } = init;
    return app.fetch(new Request(`http://${host}${path}`, rest), { ip });
  };
  return {
    house,
    started,
    asked,
    logged,
    received,
    wait: (ms) => {
      now_ms += ms;
    },
    send,
    post: (body, headers = {}) =>
      send(CREATE, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}
