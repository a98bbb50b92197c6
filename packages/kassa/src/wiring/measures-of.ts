import { countDeliveries, countInboxEvents, countTimers, type Database, poolCounts } from '../database/index.ts';
import type { House } from '../flows/house.ts';
import type { Measure } from '../http/metrics.ts';
import { type Pressure, SHED_ORDER } from '../http/pressure.ts';
import type { EventCounts } from '../inbox/receive.ts';

/** Where the figures of a process come from. */
export interface Measured {
  readonly houses: readonly House[];
  readonly pools: Readonly<Record<'requests' | 'webhooks' | 'workers', Database>>;
  readonly pressure: Pressure;
  readonly events: EventCounts;
  /** Bytes of memory and seconds of processor time of this process. */
  readonly use: () => { readonly resident_bytes: number; readonly cpu_s: number };
  readonly version: string;
}

/** How the shop stands, for `/metrics`. Reads only what is unfinished, through its partial indexes. */
export async function measuresOf(measured: Measured): Promise<Measure[]> {
  const { use, version } = measured;
  const db = measured.pools.workers;
  const [{ clock }] = measured.houses as readonly [House];
  const at = clock.now();
  const inbox = await countInboxEvents(db, at);
  const deliveries = await countDeliveries(db, at);
  const timers = await countTimers(db, at);
  const age_s = (since: Date | null): number => (since === null ? 0 : Math.max(0, (+at - +since) / 1_000));
  const states = ({ due, later, parked }: { due: number; later: number; parked: number }): Measure['values'] =>
    Object.entries({ due, later, parked }).map(([state, value]) => ({ labels: { state }, value }));
  const { resident_bytes, cpu_s } = use();
  return [
    one('inbox_oldest_due_seconds', 'Since when the oldest due event waits', age_s(inbox.oldest_due_at)),
    { name: 'inbox_events', help: 'Events that are not settled yet, by state', values: states(inbox) },
    one('deliveries_oldest_due_seconds', 'Since when the oldest due delivery waits', age_s(deliveries.oldest_due_at)),
    { name: 'deliveries', help: 'Messages that have not left yet, by state', values: states(deliveries) },
    one('timers_due', 'Timers whose time has come', timers.due),
    one('timers_oldest_due_seconds', 'Since when the oldest due timer waits', age_s(timers.oldest_due_at)),
    one('event_batches_total', 'Statements that stored events of webhooks', measured.events.batches),
    one('events_stored_total', 'Events of webhooks that were stored', measured.events.events),
    one('event_batch_rows_max', 'Events that the largest of those statements stored', measured.events.rows_max),
    ...pools(measured.pools),
    ...budgets(measured.houses),
    ...crowd(measured.pressure),
    one('process_resident_memory_bytes', 'Memory of this process', resident_bytes),
    one('process_cpu_seconds_total', 'Processor time that this process has used', cpu_s),
    { name: 'build', help: 'Which Kassa this is', values: [{ labels: { version }, value: 1 }] },
  ];
}

function one(name: string, help: string, value: number): Measure {
  return { name, help, values: [{ value }] };
}

function pools(known: Measured['pools']): Measure[] {
  const counts = Object.entries(known).map(([pool, db]) => ({ pool, ...poolCounts(db) }));
  const connections = counts.flatMap(({ pool, open, idle }) => [
    { labels: { pool, state: 'busy' }, value: open - idle },
    { labels: { pool, state: 'idle' }, value: idle },
  ]);
  const waiting = counts.map(({ pool, waiting: value }) => ({ labels: { pool }, value }));
  return [
    { name: 'database_connections', help: 'Connections to Postgres', values: connections },
    { name: 'database_waiting', help: 'Work that waits for a connection', values: waiting },
  ];
}

function budgets(houses: readonly House[]): Measure[] {
  const left = houses.flatMap(({ gateway, shop }) =>
    gateway.budgetLeft().map((one_of) => ({ shop: shop.tenant_id, ...one_of })),
  );
  const values = (pick: 'calls' | 'per_s'): Measure['values'] =>
    left.map(({ shop, endpoint, ...numbers }) => ({ labels: { shop, endpoint }, value: numbers[pick] }));
  return [
    { name: 'stripe_calls_left', help: 'Calls that may be sent to Stripe at once', values: values('calls') },
    { name: 'stripe_calls_per_second', help: 'How fast that grows; less after a 429', values: values('per_s') },
  ];
}

function crowd({ counts }: Pressure): Measure[] {
  const values = (of: Readonly<Record<string, number>>): Measure['values'] =>
    SHED_ORDER.map((kind) => ({ labels: { kind }, value: of[kind] ?? 0 }));
  return [
    { name: 'requests_under_way', help: 'Requests that are being answered', values: values(counts.under_way) },
    { name: 'requests_shed_total', help: 'Requests that were told to come again', values: values(counts.shed) },
  ];
}
