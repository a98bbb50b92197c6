import { listParkedDeliveries, listParkedInboxEvents } from '../../database/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import type { House } from '../house.ts';

/** What gave up and waits for a person. */
export interface Parked {
  readonly what: 'event' | 'delivery';
  /** `evt_…` as Stripe calls it, or `dlv_…`. */
  readonly id: string;
  /** The event's type, or where the delivery goes. */
  readonly about: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly parked_at: Date;
}

const ROWS_MAX = 1_000;

/** Events and deliveries that gave up, the one that waits longest first. */
export async function listParked({ db }: Pick<House, 'db'>, since?: Date): Promise<Parked[]> {
  const events = (await listParkedInboxEvents(db, ROWS_MAX)).map(
    ({ type, ...event }): Parked => ({ ...pick(event), what: 'event', id: event.id, about: type }),
  );
  const deliveries = (await listParkedDeliveries(db, ROWS_MAX)).map(
    ({ destination, topic, ...delivery }): Parked => ({
      ...pick(delivery),
      ...{ what: 'delivery', id: toTypeId('dlv', delivery.id), about: `${destination} of ${topic}` },
    }),
  );
  return [...events, ...deliveries]
    .filter(({ parked_at }) => since === undefined || parked_at >= since)
    .sort((left, right) => left.parked_at.getTime() - right.parked_at.getTime());
}

function pick({ attempts, last_error, parked_at }: Pick<Parked, 'attempts' | 'last_error' | 'parked_at'>) {
  return { attempts, last_error, parked_at };
}
