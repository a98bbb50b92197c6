import { replayDelivery, replayInboxEvent } from '../../src/database/index.ts';
import type { BuiltHouse } from '../../src/house-of.ts';
import { newLife } from '../engine/lives.ts';
import type { World } from '../runs/world.ts';
import { isAway } from '../world/node.ts';

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

/**
 * B7: the person who sees what was parked and presses replay on all of it, once, when everything else has come to
 * rest. It must be safe: every checker runs afterwards. Answers whether there was anything.
 */
export async function replayParked(world: World, ask: Ask): Promise<boolean> {
  const { scheduler, nodes, trace } = world;
  const events = await ask<{ account: string; id: string }>(
    'select account, id from kassa.inbox_events where parked_at is not null order by account, id',
  );
  const deliveries = await ask<{ id: string }>(
    'select id from kassa.deliveries where parked_at is not null order by id',
  );
  if (events.length + deliveries.length === 0) return false;
  const node = nodes.find((one) => one.built() !== undefined);
  if (!node) return false;
  trace.add({
    t: scheduler.now(),
    node: 'operator',
    point: 'replays',
    outcome: `${events.length} events, ${deliveries.length} deliveries`,
  });
  const press = async ({ house }: BuiltHouse): Promise<void> => {
    const at = house.clock.now();
    for (const event of events) await replayInboxEvent(house.db, event, at);
    for (const { id } of deliveries) await replayDelivery(house.db, id, at);
  };
  scheduler.spawn(newLife('operator'), 'replays', async () => {
    try {
      await node.call(press);
    } catch (error) {
      // The server went while it was asked: what was not replayed stays parked, before a person's eyes.
      if (!isAway(error)) throw error;
    }
  });
  return true;
}
