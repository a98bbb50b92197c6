import { readSettings } from '../../../src/config.ts';
import { sql } from '../../../src/database/index.ts';
import type { WishLine } from '../../../src/flows/house.ts';
import { syncCatalog } from '../../../src/flows/sync-catalog.ts';
import { SPA } from '../../setup/spa.ts';
import type { StageShop } from './rewind.ts';
import { type Act, attemptOf, CAUSE, hears, paidUnheard, type Scene, tickets } from './scene.ts';

type More = Parameters<StageShop['order']>[1];

/** Two buyers, or one in two windows, who want what is there once. */
async function twoBuyers(of: StageShop, lines: readonly WishLine[], more: readonly [More, More]) {
  const buys =
    (with_more: More): Act =>
    (house) =>
      of.orderAt(house, lines, with_more);
  return { 'A buyer': buys(more[0]), 'B buyer': buys(more[1]) };
}

const countOf = async (of: StageShop, what: string): Promise<number> => {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from ${sql.raw(what)}`.execute(of.db);
  return rows[0]?.count ?? 0;
};

const one = (of: StageShop, what: string) => async (): Promise<string[]> => {
  const count = await countOf(of, what);
  return count === 1 ? [] : [`of ${what} there are ${count}`];
};

const KEY = { scope: 'anonymous /checkout', key: 'one-press', request_hash: 'a'.repeat(64) };
/** The newer of one buyer's two windows takes the place of the older one. */
const NEWER = 'session_not_open';
const ANN: More = { as: 'ann' };
const BEN: More = { as: 'ben' };

/** What the buyer does at Stripe, a step like any other; what Stripe tells afterwards comes when all is over. */
const pays = (of: StageShop, session: string): Act => {
  return () =>
    of.turns.passing('the buyer pays', async () => {
      try {
        await of.sandbox.control.pay(session, { outcome: 'closes after paying', email: 'ann@example.com' });
      } catch (error) {
        // The page was closed in front of the buyer, who keeps the money.
        if (of.sandbox.control.session(session)?.status !== 'expired') throw error;
      }
    });
};

function writesConfiguration(of: StageShop): Act {
  const settings = readSettings(SPA, {}, { folder: '/tmp' });
  const { practitioners, tax_rates } = settings;
  // What somebody buys meanwhile; the rest of it is another hundred statements, and says nothing else.
  const offers = settings.offers.filter(({ key }) => ['massage', 'tea', 'towel', 'concert'].includes(key));
  const coupons = settings.coupons.filter(({ code }) => code === 'FEW');
  const tenant = { key: 'shop', name: 'Still Water', hosts: [], origins: ['https://shop.example'] };
  return (house) => syncCatalog(house, { tenant, mode: of.house.shop.mode, offers, practitioners, tax_rates, coupons });
}

const EVERYTHING = (of: StageShop): readonly WishLine[] => [
  { offer_id: of.id('massage'), quantity: 1, slot: of.slot(1) },
  { offer_id: of.id('tea'), quantity: 1 },
  { offer_id: of.id('towel'), quantity: 1 },
];

export const BUYING: readonly Scene[] = [
  {
    name: 'one press that arrives twice opens one order',
    one_end: true,
    async set(of) {
      const press: More = { as: 'ann', idempotency: KEY };
      const acts = await twoBuyers(of, tickets(of), [press, press]);
      return { acts, refusals: ['idempotency_key_in_use'], look: one(of, 'kassa.orders') };
    },
  },
  {
    name: 'the last seat is sold to one of two buyers',
    one_end: true,
    async set(of) {
      await of.db.updateTable('stock').set({ capacity: 1 }).where('offer_id', '=', of.id('towel')).execute();
      const acts = await twoBuyers(of, [{ offer_id: of.id('towel'), quantity: 1 }], [ANN, BEN]);
      return { acts, refusals: ['sold_out'], look: one(of, 'kassa.orders') };
    },
  },
  {
    name: 'two strangers open pages for the same concert, and both get one',
    one_end: true,
    async set(of) {
      const acts = await twoBuyers(of, tickets(of), [{ as: null }, { as: null }]);
      const look = async (): Promise<string[]> => {
        const pages = await countOf(of, 'kassa.payment_transactions where session_id is not null');
        return pages === 2 ? [] : [`there are ${pages} pages`];
      };
      return { acts, look };
    },
  },
  {
    name: 'the last use of a coupon is taken by one of two buyers',
    one_end: false,
    async set(of) {
      await sql`update kassa.coupons set uses_max = 1 where code = 'FEW'`.execute(of.db);
      const few: More = { coupon_code: 'FEW' };
      const acts = await twoBuyers(of, tickets(of), [
        { ...ANN, ...few },
        { ...BEN, ...few },
      ]);
      return { acts, refusals: ['coupon_not_valid'], look: one(of, 'kassa.coupon_uses') };
    },
  },
  {
    name: 'a coupon for one use per buyer is used in one of two windows',
    one_end: false,
    async set(of) {
      const once: More = { as: 'ann', coupon_code: 'ONCE' };
      const acts = await twoBuyers(of, tickets(of), [once, once]);
      const stands = "kassa.coupon_uses where state <> 'released'";
      return { acts, refusals: ['coupon_not_valid', NEWER], look: one(of, stands) };
    },
  },
  {
    name: 'an hour is booked by one of two buyers',
    one_end: true,
    async set(of) {
      const hour = [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(1) }];
      const acts = await twoBuyers(of, hour, [ANN, BEN]);
      return { acts, refusals: ['slot_taken'], look: one(of, 'kassa.appointments') };
    },
  },
  {
    name: 'hours that overlap by half are booked by one of two buyers',
    one_end: false,
    async set(of) {
      const hour = (at_minute: number) => [
        { offer_id: of.id('massage'), quantity: 1, slot: of.slot(1, { at_minute }) },
      ];
      const acts = {
        'A buyer': ((house) => of.orderAt(house, hour(0), ANN)) as Act,
        'B buyer': ((house) => of.orderAt(house, hour(30), BEN)) as Act,
      };
      return { acts, refusals: ['slot_taken'], look: one(of, 'kassa.appointments') };
    },
  },
  {
    name: 'credits of 20.00 pay in two windows at once and are spent once',
    one_end: false,
    async set(of) {
      await of.grant(2_000);
      const credits: More = { as: 'ann', use_credits: true };
      const acts = await twoBuyers(of, tickets(of), [credits, credits]);
      return { acts, refusals: [NEWER] };
    },
  },
  {
    name: 'two baskets name the same things in another order: nobody waits for ever',
    one_end: false,
    async set(of) {
      const there = EVERYTHING(of);
      const back = [...there].reverse();
      await of.grant(2_000);
      const acts = {
        'A buyer': ((house) => of.orderAt(house, there, { as: 'ann', coupon_code: 'TENTH', use_credits: true })) as Act,
        'B buyer': ((house) => of.orderAt(house, back, { as: 'ann', coupon_code: 'TENTH', use_credits: true })) as Act,
      };
      return { acts, refusals: ['slot_taken', NEWER] };
    },
  },
  {
    name: 'the configuration is written while everything is bought: nobody waits for ever',
    one_end: true,
    async set(of) {
      const buys: Act = (house) => of.orderAt(house, EVERYTHING(of), { as: 'ann', coupon_code: 'FEW' });
      return { acts: { 'A buyer': buys, 'B configuration': writesConfiguration(of) } };
    },
  },
  {
    name: 'the configuration is written while a payment is settled: nobody waits for ever',
    one_end: true,
    async set(of) {
      const order = await paidUnheard(of);
      const look = async () => ((await of.status(order)) === 'paid' ? [] : ['the order is not paid']);
      return { acts: { 'A webhook': hears(of), 'B configuration': writesConfiguration(of) }, look };
    },
  },
  {
    name: 'a buyer pays while the hold ends: the order is paid, or the page was closed before the money',
    one_end: false,
    async set(of) {
      const opened = await of.order(tickets(of));
      const session = String(opened.session_id);
      const { id } = await attemptOf(of, opened);
      const ends: Act = (house) => house.expireCheckout(house, id, CAUSE);
      const look = async (): Promise<string[]> => {
        const status = await of.status(opened);
        const paid = of.sandbox.control.session(session)?.payment_status === 'paid';
        return (status === 'paid') === paid
          ? []
          : [`the order is ${status}, and its page was ${paid ? '' : 'not '}paid`];
      };
      return { acts: { 'A buyer': pays(of, session), 'B end of the hold': ends }, look };
    },
  },
  {
    name: 'two ends of one hold give the seats back once',
    one_end: true,
    async set(of) {
      const opened = await of.order(tickets(of));
      const { id } = await attemptOf(of, opened);
      const ends: Act = (house) => house.expireCheckout(house, id, CAUSE);
      const look = async () => ((await of.status(opened)) === 'expired' ? [] : ['the order has not expired']);
      return { acts: { 'A end of the hold': ends, 'B end of the hold': ends }, look };
    },
  },
];
