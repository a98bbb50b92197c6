import { inTransaction, sql } from '../../src/database/index.ts';
import { listOffers } from '../../src/domain/catalog/index.ts';
import type { PaymentReport } from '../../src/domain/payments/index.ts';
import { type CreditBalance, creditBalance } from '../../src/flows/buyers/credit-balance.ts';
import { grantCredits } from '../../src/flows/buyers/grant-credits.ts';
import { type PricedWish, priceBasket } from '../../src/flows/checkout/price-basket.ts';
import { type StartCheckout, startCheckout } from '../../src/flows/checkout/start-checkout.ts';
import type { House, QuoteWish, SlotWish, WishLine } from '../../src/flows/house.ts';
import type { Opened } from '../../src/flows/opening/attach-session.ts';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { appointment, bundle, defineKassa, eur, item, pack, ticket, usd } from '../../src/index.ts';
import { type Counter, openCounter } from './counter.ts';

/** A shop of everything that is more than a thing with a price. */
export const SPA = defineKassa({
  currency: 'usd',
  seller: { name: 'Still Water', email: 'desk@example.com', country: 'US' },
  tax: { standard: '8.75', food: '2' },
  catalog: {
    massage: appointment({
      name: 'Massage',
      externalId: 123,
      price: [usd('100.00'), eur('90.00')],
      duration: '60m',
      hold: '30m',
      practitioners: [{ id: 456, name: 'Pat' }],
    }),
    sauna: appointment({
      name: 'Sauna',
      price: usd('40.00'),
      duration: '90m',
      buffer: '30m',
      taxClass: 'none',
      practitioners: [
        { id: 456, name: 'Pat' },
        { id: 457, name: 'Kim' },
      ],
    }),
    five: bundle({
      name: 'Five massages',
      price: usd('400.00'),
      taxClass: 'none',
      credits: { massage: 5 },
      expires: '365d',
    }),
    gift: bundle({ name: 'Gift card', price: usd('20.00'), taxClass: 'none', creditMoney: usd('25.00') }),
    towel: item({ name: 'Towel', externalId: 101, price: usd('10.00'), capacity: 4, taxClass: 'none' }),
    tea: item({ name: 'Tea', externalId: 102, price: usd('5.00'), capacity: 3, taxClass: 'food' }),
    day: pack({
      name: 'Spa day',
      externalId: 999,
      price: usd('150.00'),
      taxClass: 'none',
      includes: { towel: 2, massage: 1 },
      optional: { tea: { quantity: 1, selected: true }, sauna: 1 },
    }),
    concert: ticket({ name: 'Concert', price: usd('50.00'), capacity: 100, taxClass: 'none' }),
    pebble: item({ name: 'Pebble', price: usd('0.30'), taxClass: 'none' }),
  },
  coupons: {
    TENTH: { percentOff: 10 },
    FIVER: { amountOff: usd('5.00') },
    GIFT: { percentOff: 100 },
    ONCE: { percentOff: 50, perBuyer: 1 },
    FEW: { percentOff: 50, limit: 5 },
    TOWELS: { percentOff: 50, only: ['towel'] },
    SUMMER: { percentOff: 10, from: '2026-06-01', until: '2026-12-01' },
    WINTER: { percentOff: 10, from: '2026-12-02' },
    EURO: { amountOff: eur('5.00') },
  },
  contracts: { 'hosted-checkout': true },
});

type Order = Partial<StartCheckout> & { readonly as?: string | null };

export interface Spa extends Counter {
  /** Our id of an offer, by its key. */
  id(offer: string): string;
  /** Opens a checkout as a signed-in buyer (`ann`), or as nobody (`as: null`). */
  order(lines: readonly WishLine[], more?: Order): Promise<Opened>;
  /** The same at another node of the shop. */
  orderAt(at: House, lines: readonly WishLine[], more?: Order): Promise<Opened>;
  price(lines: readonly WishLine[], more?: Partial<QuoteWish> & { quote_id?: string }): Promise<PricedWish>;
  /** The same, paid and settled. */
  sell(lines: readonly WishLine[], more?: Order): Promise<Opened>;
  pay(opened: Opened): Promise<void>;
  /**
   * The buyer pays while we believe that the page has ended, so that everything set aside is let go.
   * @returns what makes the money known after all; what follows from it happens at the next rest.
   */
  payLate(opened: Opened): Promise<() => Promise<void>>;
  /** Sends money back, all of it unless an amount is named. */
  refund(opened: Opened, amount_minor?: number): Promise<void>;
  balance(user_id?: string): Promise<CreditBalance>;
  grant(amount: number, more?: { user_id?: string; offer?: string; expires_at?: Date }): Promise<string>;
  /** An hour so many days from now, with Pat or whoever else is named. */
  slot(days: number, more?: { minutes?: number; with?: string; at_minute?: number }): SlotWish;
  practitioner(external_id: string): string;
  status(opened: Opened): Promise<string>;
  /** What each account of the books holds, accounts of nothing left out. */
  ledger(): Promise<Record<string, number>>;
  /** Everything that is set aside, as text: equal means that nothing changed. */
  aside(): Promise<string>;
}

const ADDRESS = 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}';

export async function openSpa(options: Parameters<typeof openCounter>[0] = {}): Promise<Spa> {
  const counter = await openCounter({ config: SPA, ...options });
  const { house, db } = counter;
  const offers = new Map((await listOffers(db, house.shop)).map((offer) => [offer.key, offer.id]));
  const people = new Map(
    (await db.selectFrom('practitioners').select(['id', 'external_id']).execute()).map((one) => [
      one.external_id,
      one.id,
    ]),
  );
  const orderAt: Spa['orderAt'] = async (at, lines, { as = 'ann', ...more } = {}) => {
    let opened: Opened | undefined;
    const answer = await startCheckout(at, {
      contract: 'hosted-checkout',
      presentation: 'hosted',
      lines,
      buyer: as === null ? {} : { user_id: as, email: `${as}@example.com` },
      success_url: ADDRESS,
      metadata: {},
      ...more,
      render: (one) => {
        opened = one;
        return { order_id: one.order_id };
      },
    });
    // A repeat is answered with the words of the first time.
    return opened ?? (JSON.parse(answer.body) as Opened);
  };
  const order: Spa['order'] = (lines, more) => orderAt(house, lines, more);
  const pay: Spa['pay'] = async ({ session_id }) => {
    await counter.sandbox.control.pay(String(session_id), { outcome: 'pays', email: 'ann@example.com' });
    await counter.rest();
  };
  const payLate: Spa['payLate'] = async ({ session_id }) => {
    const { deliver } = counter;
    counter.deliver = async () => new Response('', { status: 500 });
    await counter.sandbox.control.pay(String(session_id), { outcome: 'pays', email: 'ann@example.com' });
    counter.deliver = deliver;
    const report = await house.gateway.readSession(String(session_id), 'unblock');
    const tell = (said: PaymentReport) =>
      inTransaction(db, (tx) => house.settle(house, tx, said, { cause: 'test', actor: 'kassa' }));
    await tell({ ...report, status: 'expired', payment_status: 'unpaid' });
    return async () => void (await tell(report));
  };
  return Object.assign(counter, {
    ...{ order, orderAt, pay, payLate },
    id: (offer: string) => offers.get(offer) ?? '',
    practitioner: (external_id: string) => people.get(external_id) ?? '',
    price: (lines: readonly WishLine[], more: Partial<QuoteWish> & { quote_id?: string } = {}) =>
      priceBasket(house, { lines, currency: undefined, user_id: 'ann', ...more }),
    async sell(lines: readonly WishLine[], more: Order = {}) {
      const opened = await order(lines, more);
      if (opened.total_minor > 0) await pay(opened);
      else await counter.rest();
      return opened;
    },
    async refund({ order_id }: Opened, amount_minor?: number) {
      const attempt = db.selectFrom('payment_transactions').select('payment_id').where('order_id', '=', order_id);
      const { payment_id } = await attempt.executeTakeFirstOrThrow();
      const amount = amount_minor === undefined ? {} : { amount_minor };
      await refundOrder(house, { payment_id: payment_id ?? '', requested_by: 'admin:ann', ...amount });
      await counter.rest();
    },
    balance: (user_id = 'ann') => creditBalance(house, { user_id, currency: 'usd' }),
    grant: (amount: number, more: { user_id?: string; offer?: string; expires_at?: Date } = {}) => {
      const { user_id = 'ann', offer, expires_at } = more;
      const unit = { currency: offer ? null : 'usd', offer_id: offer ? (offers.get(offer) ?? '') : null };
      return grantCredits(house, { user_id, unit, amount, source: 'goodwill', ...(expires_at ? { expires_at } : {}) });
    },
    slot(days: number, more: { minutes?: number; with?: string; at_minute?: number } = {}) {
      const { minutes = 60, at_minute = 0 } = more;
      const starts_ms = counter.clock.now() + days * 86_400_000 + at_minute * 60_000;
      const times = { starts_at: new Date(starts_ms), ends_at: new Date(starts_ms + minutes * 60_000) };
      return { ...times, ...(more.with ? { practitioner_id: people.get(more.with) ?? '' } : {}) };
    },
    async status({ order_id }: Opened) {
      const row = await db.selectFrom('orders').select('status').where('id', '=', order_id).executeTakeFirstOrThrow();
      return row.status;
    },
    async ledger() {
      const { rows } = await sql<{ account: string; sum: number }>`
        select account, sum(amount_minor)::int as sum from kassa.ledger_entries group by account
        having sum(amount_minor) <> 0 order by account`.execute(db);
      return Object.fromEntries(rows.map((row) => [row.account, row.sum]));
    },
    async aside() {
      const tables = [
        'orders',
        'order_lines',
        'holds',
        'stock',
        'coupons',
        'coupon_uses',
        'credit_lots',
        'credit_entries',
      ];
      const rows = [...tables, 'appointments'].map((table) =>
        sql`select * from ${sql.table(`kassa.${table}`)} as row order by row::text`.execute(db),
      );
      return JSON.stringify((await Promise.all(rows)).map((result) => result.rows));
    },
  });
}
