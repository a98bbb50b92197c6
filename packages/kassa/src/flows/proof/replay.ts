import {
  insertInboxEvents,
  inTransaction,
  knownInboxEvents,
  markListed,
  OWN_ACCOUNT,
  replayDelivery,
  replayInboxEvent,
} from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { fromTypeId } from '../../kernel/ids.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import type { House } from '../house.ts';

/** What becomes of one: due at once, fetched from Stripe because it never arrived, or handled before. */
export type Replayed = 'due' | 'fetched' | 'done_before';

/**
 * Lets one event or delivery be tried again from the start; an event that never arrived is fetched from Stripe first.
 * Safe to repeat: what is handled stays handled, and handling an event or a delivery twice changes nothing.
 * @param id `evt_…` or `dlv_…`.
 * @throws KassaError `not_found`
 */
export async function replay(house: House, id: string): Promise<Replayed> {
  const outcome = id.startsWith('evt_') ? await replayEvent(house, id) : await replayOne(house, id);
  if (outcome === 'done_before') return outcome;
  house.wake(id.startsWith('evt_') ? 'inbox' : 'outbox');
  return outcome;
}

async function replayEvent(house: House, id: string): Promise<Replayed> {
  const { db, shop, clock } = house;
  const key = { account: OWN_ACCOUNT, id };
  if (await replayInboxEvent(db, key, clock.now())) return 'due';
  if ((await knownInboxEvents(db, [key])).has(id)) return 'done_before';
  const event = await askStripe(() => house.gateway.readEvent(id, 'unblock'));
  if (!event) throw new KassaError('not_found', `Stripe knows no event ${id}; it keeps them for thirty days.`);
  const { created_at, livemode, account, ...rest } = event;
  const row = {
    ...{ ...rest, ...key, tenant_id: shop.tenant_id, account: account ?? OWN_ACCOUNT },
    ...{ mode: livemode ? ('live' as const) : ('test' as const), occurred_at: created_at, received_at: clock.now() },
  };
  await inTransaction(db, async (tx) => {
    await insertInboxEvents(tx, [row]);
    await markListed(tx, [row]);
  });
  return 'fetched';
}

async function replayOne({ db, clock }: House, id: string): Promise<Replayed> {
  const delivery_id = fromTypeId('dlv', id);
  if (delivery_id === undefined) throw new KassaError('not_found', `${id} is no event and no delivery.`);
  return (await replayDelivery(db, delivery_id, clock.now())) ? 'due' : 'done_before';
}
