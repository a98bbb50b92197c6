import { appointment, bundle, defineKassa, item, pack, usd } from '../../src/index.ts';
import { type Shop, startShop } from './shop.ts';

export const BASE = '/stripe/fastapi/api/v1/stripe';

/** The practice of the conformance list: one service, a bundle of it, a package with two children. */
export const PRACTICE = defineKassa({
  currency: 'usd',
  seller: { name: 'Practice', email: 'practice@example.com', country: 'US' },
  tax: { standard: '8.75' },
  catalog: {
    massage: appointment({
      name: 'Massage',
      externalId: 123,
      price: usd('100.00'),
      duration: '60m',
      practitioners: [{ id: 456, name: 'Pat' }],
    }),
    five: bundle({ name: 'Five massages', externalId: 789, price: usd('400.00'), credits: { massage: 5 } }),
    gift: bundle({ name: 'Gift', externalId: 790, price: usd('20.00'), creditMoney: usd('20.00'), taxClass: 'none' }),
    rich: bundle({ name: 'Rich', externalId: 791, price: usd('108.75'), creditMoney: usd('108.75'), taxClass: 'none' }),
    odd: bundle({ name: 'Odd', externalId: 792, price: usd('108.45'), creditMoney: usd('108.45'), taxClass: 'none' }),
    towel: item({ name: 'Towel', externalId: 101, price: usd('10.00'), capacity: 4 }),
    tea: item({ name: 'Tea', externalId: 102, price: usd('5.00'), capacity: 1 }),
    spa: pack({
      name: 'Spa day',
      externalId: 999,
      price: usd('150.00'),
      includes: { towel: 1 },
      optional: { tea: { quantity: 1, selected: false } },
    }),
  },
  coupons: { TENTH: { percentOff: 10 } },
  contracts: { 'booking-checkout': true },
});

export interface Practice extends Shop {
  /** Sends a body to one of the POST paths as a buyer; null: as nobody. */
  ask(path: string, body: unknown, as?: string | null, headers?: Record<string, string>): Promise<Response>;
  read(path: string, as?: string | null): Promise<Response>;
  /** Asks and reads the answer; fails when it is not 200. */
  told(path: string, body: unknown, as?: string): Promise<Record<string, unknown>>;
  /** The buyer pays an intent as Stripe.js would, with a test method. */
  confirms(payment_intent_id: unknown, method?: string): Promise<void>;
  /** Buys one of the bundles that grant money, so that the buyer has credits. */
  grant(offer: number, as?: string): Promise<void>;
  /** A free hour, `days` from now, as the contract writes times. */
  hour(days?: number): { start_time: string; end_time: string };
}

export const SESSION = { service_id: 123, practitioner_id: 456, quantity: 1 };

export async function startPractice(options: Parameters<typeof startShop>[0] = {}): Promise<Practice> {
  const shop = await startShop({ config: PRACTICE, ...options });
  const bearer = (as: string | null): Record<string, string> =>
    as === null ? {} : { Authorization: `Bearer ${shop.token({ sub: as, email: `${as}@example.com` })}` };
  const ask: Practice['ask'] = (path, body, as = 'ann', headers = {}) =>
    shop.send(`${BASE}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...bearer(as), ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const told: Practice['told'] = async (path, body, as = 'ann') => {
    const answer = await ask(path, body, as);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const confirms: Practice['confirms'] = async (payment_intent_id, method = 'pm_card_visa') => {
    await shop.stripe.paymentIntents.confirm(String(payment_intent_id), {
      payment_method: method,
      return_url: 'https://shop.example/booked',
    });
  };
  return Object.assign(shop, {
    ...{ ask, told, confirms },
    read: (path: string, as: string | null = 'ann') => shop.send(`${BASE}${path}`, { headers: bearer(as) }),
    async grant(offer: number, as = 'ann') {
      const body = { checkout_type: 'bundle', items: [{ service_id: offer }] };
      const { payment_intent_id } = await told('/checkout/create', body, as);
      await confirms(payment_intent_id);
      await shop.rest();
    },
    hour(days = 7) {
      const begins = Math.floor(shop.clock.now() / 3_600_000) * 3_600_000 + days * 86_400_000;
      const text = (at_ms: number): string => new Date(at_ms).toISOString().replace('.000Z', 'Z');
      return { start_time: text(begins), end_time: text(begins + 3_600_000) };
    },
  });
}
