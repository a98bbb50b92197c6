import { replayDelivery, replayInboxEvent } from '../../database/index.ts';
import { findAttempt } from '../../domain/payments/index.ts';
import { findOrderByNumber, parkedOf } from '../../domain/proof/index.ts';
import { type OrderStory, readStory, type StoryBreak } from '../../domain/reports/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { fromTypeId, toTypeId } from '../../kernel/ids.ts';
import type { House } from '../house.ts';
import { type Remedy, type Said, whatDiffers } from '../proving/what-differs.ts';

export type { Remedy, Said } from '../proving/what-differs.ts';

/** One order: what happened and why, what Stripe says now, and what Kassa would do about the difference. */
export interface Explanation {
  readonly story: OrderStory;
  readonly said: readonly Said[];
  readonly remedies: readonly Remedy[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Tells the story of one order: each state with its cause, what came in and what went out, what Stripe says of its
 * payments and refunds at this moment, and what Kassa would do. It only reads; each remedy does what it says when it is
 * asked to, through the story that everybody uses, and doing it twice changes nothing.
 * @param name `ord_…`, a UUID, an order's number, or the id of a session or payment.
 * @param actor who asks, for the history of what a remedy changes.
 * @throws KassaError `not_found`; GatewayFailure when Stripe cannot be asked.
 */
export async function explain(house: House, name: string, actor: string): Promise<Explanation> {
  const order_id = await orderNamed(house, name);
  const story = order_id && (await readStory(house.db, house.shop, order_id));
  if (!story || !order_id) throw new KassaError('not_found', `This shop has no order ${name}.`);
  const { said, remedies } = await whatDiffers(house, order_id, { cause: 'explain', actor });
  const more = [...(await parked(house, order_id)), ...reviewOf(story), ...broken(story)];
  return { story, said, remedies: [...remedies, ...more] };
}

async function orderNamed(house: House, name: string): Promise<string | undefined> {
  if (UUID.test(name)) return name;
  if (/^#?[1-9][0-9]{0,11}$/.test(name)) return findOrderByNumber(house.db, house.shop, Number(name.replace('#', '')));
  if (name.startsWith('ord_')) return fromTypeId('ord', name);
  const ref = name.startsWith('cs_') ? { session_id: name, payment_id: null } : { session_id: null, payment_id: name };
  return (await findAttempt(house.db, house.shop, ref))?.order_id;
}

/** What gave up is tried again. */
async function parked(house: House, order_id: string): Promise<Remedy[]> {
  const { db, clock } = house;
  const { events, deliveries } = await parkedOf(db, order_id);
  return [
    ...events.map(({ account, id, type }) => ({
      kind: 'replay_event',
      sentence: `handle ${id} (${type}) once more`,
      fix: () => replayInboxEvent(db, { account, id }, clock.now()),
    })),
    ...deliveries.map(({ id, destination }) => ({
      kind: 'replay_delivery',
      sentence: `deliver ${toTypeId('dlv', id)} to ${destination} once more`,
      fix: () => replayDelivery(db, id, clock.now()),
    })),
  ];
}

function reviewOf({ order }: OrderStory): Remedy[] {
  if (order.review_reason === null) return [];
  const reason = order.review_reason.replaceAll('_', ' ');
  return [{ kind: 'review', sentence: `wait: a person has to decide, because of ${reason}` }];
}

const WHO_ACTS: Readonly<Record<StoryBreak['owner'], string>> = {
  shop: 'the shop decides',
  kassa: 'Kassa tries again by itself',
  operations: 'operations look at kassa doctor',
};

function broken({ breaks }: OrderStory): Remedy[] {
  return breaks.map(({ kind, object_id, owner, since }) => {
    const what = `${object_id}, ${kind.replaceAll('_', ' ')} since ${since.toISOString()}`;
    return { kind: 'break', sentence: `wait: ${what}; ${WHO_ACTS[owner]}` };
  });
}
