import { sql } from '../../../src/database/index.ts';
import type { House } from '../../../src/flows/house.ts';
import type { Opened } from '../../../src/flows/opening/attach-session.ts';
import { drainInbox } from '../../../src/inbox/drain.ts';
import type { StageShop } from './rewind.ts';

/** One of those who act at once, on a node of its own, sharing the database, Stripe, the time and where ids come from. */
export type Act = (house: House) => Promise<unknown>;

/** Who stands on the stage, after the scene was set. */
export interface Cast {
  readonly acts: Readonly<Record<string, Act>>;
  /** What a caller may be told instead of being served. */
  readonly refusals?: readonly string[];
  /** How long after it the books are looked at: what had to wait for another one is tried again by then. */
  readonly later_ms?: number;
  /** Looks at what became of it: sentences about what may not be. */
  readonly look?: () => Promise<readonly string[]>;
}

export interface Scene {
  /** A sentence about the shop. */
  readonly name: string;
  /** Whatever the order of the steps, everything ends the same. */
  readonly one_end: boolean;
  set(of: StageShop): Promise<Cast>;
}

export interface Sold extends Opened {
  readonly session: string;
}

export const tickets = (of: StageShop) => [{ offer_id: of.id('concert'), quantity: 2 }];

/** A buyer has paid 100.00, Stripe has told it twice under two ids, and nobody has listened yet. */
export async function paidUnheard(of: StageShop): Promise<Sold> {
  const opened = await of.order(tickets(of));
  const session = String(opened.session_id);
  await of.sandbox.control.pay(session, { outcome: 'pays', email: 'ann@example.com' });
  await told(of, 'checkout.session.completed', 2);
  of.clock.advance(5_000);
  return { ...opened, session };
}

/** Lets Stripe tell everything, and keeps of it what is asked for: each under so many ids. Nobody has listened yet. */
export async function told(of: StageShop, type: string, times: number): Promise<void> {
  await of.sandbox.tick();
  await sql`delete from kassa.inbox_events where handled_at is null and type <> ${type}`.execute(of.db);
  const kept = await of.db.selectFrom('inbox_events').selectAll().where('handled_at', 'is', null).execute();
  if (kept.length !== 1) throw new Error(`${kept.length} events of ${type} arrived`);
  for (const event of kept) {
    for (let twin = 1; twin < times; twin += 1) {
      const id = `${event.id}twin${twin}`;
      await of.db
        .insertInto('inbox_events')
        .values({ ...event, id })
        .execute();
      const body = of.db.selectFrom('inbox_bodies').select(['account', sql.lit(id).as('id'), 'received_at', 'body']);
      await of.db
        .insertInto('inbox_bodies')
        .columns(['account', 'id', 'received_at', 'body'])
        .expression(body.where('id', '=', event.id))
        .execute();
    }
  }
}

/** A worker that takes one event. */
export const hears =
  (of: StageShop): Act =>
  (house) =>
    drainInbox({ ...of.built.inbox, house }, 1);

export const attemptOf = async (of: StageShop, { order_id }: Opened) =>
  of.db.selectFrom('payment_transactions').selectAll().where('order_id', '=', order_id).executeTakeFirstOrThrow();

export const CAUSE = { cause: 'test', actor: 'kassa' };
