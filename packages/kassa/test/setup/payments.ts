import Stripe from 'stripe';
import type { Opened, StartCheckout } from '../../src/flows/checkout/start-checkout.ts';
import { type Counter, openCounter } from './counter.ts';

/** A shop whose own page takes the card: payments without a session of Stripe's. */
export interface PaymentDesk extends Counter {
  /** Stripe as its owner and as a buyer's browser see it. */
  readonly stripe: Stripe;
  /** Begins a checkout and answers what a contract would be told. */
  begin(
    wish?: Partial<StartCheckout> & { offer?: string; quantity?: number },
  ): Promise<Opened & { payment_id: string }>;
  /** The buyer's browser confirms with a method. Answers Stripe's word for the payment. */
  confirm(payment_id: string, method?: string): Promise<string>;
  /** Everything that a shopkeeper would ask after, in short. */
  tally(): Promise<Tally>;
  /** What Stripe was asked to do, leaving out what looks after everything by itself. */
  writes(): string[];
}

export interface Tally {
  readonly orders: string[];
  readonly attempts: string[];
  readonly held: number;
  readonly sold: number;
  readonly books: Readonly<Record<string, number>>;
  readonly timers: string[];
}

export async function openPaymentDesk(options: Parameters<typeof openCounter>[0] = {}): Promise<PaymentDesk> {
  const counter = await openCounter(options);
  const stripe = counter.sandbox.stripe(Stripe);
  return Object.assign(counter, {
    stripe,
    async begin(wish = {}) {
      const answer = await counter.buy({ presentation: 'intent', render: (opened: Opened) => opened, ...wish });
      const opened = JSON.parse(answer.body) as Opened;
      return { ...opened, payment_id: opened.payment_id ?? '' };
    },
    async confirm(payment_id, method = 'pm_card_visa') {
      const return_url = 'https://shop.example/back';
      try {
        return (await stripe.paymentIntents.confirm(payment_id, { payment_method: method, return_url })).status;
      } catch (error) {
        if (!(error instanceof Stripe.errors.StripeCardError)) throw error;
        return error.decline_code ?? error.code ?? 'declined';
      }
    },
    tally: () => readTally(counter),
    writes: () =>
      counter.sandbox.control
        .requests()
        .filter((entry) => entry.method === 'POST' && (entry.key ?? '').startsWith('kassa:'))
        .map((entry) => entry.path),
  } satisfies Omit<PaymentDesk, keyof Counter>);
}

async function readTally({ db }: Counter): Promise<Tally> {
  const orders = await db.selectFrom('orders').select('status').orderBy('id').execute();
  const attempts = await db.selectFrom('payment_transactions').select('payment_status').orderBy('id').execute();
  const stock = await db.selectFrom('stock').select(['held', 'sold']).execute();
  const entries = await db.selectFrom('ledger_entries').select(['account', 'amount_minor']).execute();
  const timers = await db
    .selectFrom('timers')
    .select('kind')
    .where('kind', '<>', 'reconcile')
    .orderBy('kind')
    .execute();
  const books: Record<string, number> = {};
  for (const { account, amount_minor } of entries) books[account] = (books[account] ?? 0) + amount_minor;
  return {
    orders: orders.map((row) => row.status),
    attempts: attempts.map((row) => row.payment_status),
    held: stock.reduce((sum, row) => sum + row.held, 0),
    sold: stock.reduce((sum, row) => sum + row.sold, 0),
    books,
    timers: timers.map((row) => row.kind),
  };
}
