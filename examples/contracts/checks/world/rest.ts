// When a shop has done everything that it had to do: what checks wait for before they compare two states.

import type { Row } from './rows.ts';
import { OTHER_KEY, type Sandbox } from './sandbox.ts';
import type { Shop } from './shop.ts';
import { until } from './until.ts';

/** How many of each kind wait for their turn. */
const DUE = `
  select (select count(*)::int from kassa.inbox_events where handled_at is null and parked_at is null) as events,
         (select count(*)::int from kassa.deliveries where delivered_at is null and parked_at is null) as messages,
         (select count(*)::int from kassa.timers where due_at <= to_timestamp($1::float8 / 1000)) as timers,
         (select count(*)::int from kassa.payment_transactions where payment_status = 'initiated') as half_open,
         (select count(*)::int from kassa.holds where state = 'held') as held,
         (select count(*)::int from kassa.orders where status = 'pending') as pending`;

interface Due extends Row {
  readonly events: number;
  readonly messages: number;
  readonly timers: number;
  readonly half_open: number;
  readonly held: number;
  readonly pending: number;
}

type Looked = Pick<Shop, 'sandbox' | 'rows' | 'now'>;

async function lookAtDue({ sandbox, rows, now }: Looked): Promise<Due> {
  // Whatever Stripe has to tell is told now, not at its next look at the clock.
  await sandbox.control('POST', 'tick');
  const [due] = await rows.read<Due>(DUE, now());
  if (!due) throw new Error('the database counts nothing');
  return due;
}

/** What is done may give both sides something new to do, so one quiet look is none. */
const QUIET_LOOKS = 2;

/** Waits until nothing is due: no event, no message, no timer, no checkout half open. */
export async function atRest(shop: Looked): Promise<void> {
  let quiet = 0;
  await until('nothing is due any more', async () => {
    const { events, messages, timers, half_open } = await lookAtDue(shop);
    quiet = events + messages + timers + half_open === 0 ? quiet + 1 : 0;
    return quiet === QUIET_LOOKS ? true : undefined;
  });
}

/** Ends every page and payment that is still open, and waits until what they held is free. */
export async function clear(shop: Looked & Pick<Shop, 'pass'>): Promise<void> {
  const { sandbox } = shop;
  await overTime(shop, 'no checkout is half open', ({ half_open }) => half_open === 0);
  for (const key of [undefined, OTHER_KEY]) await endAll(sandbox, key);
  await overTime(shop, 'nothing is held or due any more', (due) => Object.values(due).every((count) => count === 0));
}

async function endAll(sandbox: Sandbox, key: string | undefined): Promise<void> {
  const list = async (path: string): Promise<{ id: string; status: string }[]> =>
    (await sandbox.ask('GET', path, undefined, key)).json.data as never;
  for (const { id } of await list('/v1/checkout/sessions?status=open&limit=100')) {
    await sandbox.ask('POST', `/v1/checkout/sessions/${id}/expire`, {}, key);
  }
  for (const { id, status } of await list('/v1/payment_intents?limit=100')) {
    // One that belongs to a session ended with it; one that is paid is left alone.
    if (status.startsWith('requires_')) await sandbox.ask('POST', `/v1/payment_intents/${id}/cancel`, {}, key);
  }
}

/** What failed is tried again after a while; when nothing happens by itself for some time, that while passes. */
async function overTime(shop: Looked & Pick<Shop, 'pass'>, what: string, isOver: (due: Due) => boolean): Promise<void> {
  let [passes, moved_ms, waiting] = [0, Date.now(), ''];
  const isSo = until(what, async () => {
    const due = await lookAtDue(shop);
    if (isOver(due)) return true;
    const now_waiting = JSON.stringify(due);
    // A busy computer is slow: as long as anything moves, or may be moving, its clock is left alone.
    if (now_waiting !== waiting) moved_ms = Date.now();
    waiting = now_waiting;
    if (Date.now() - moved_ms < STILL_MS) return undefined;
    passes += 1;
    moved_ms = Date.now();
    // Each pause that Kassa makes is longer than the one before; so is each of ours.
    await shop.pass(Math.min(RETRY_MS * 2 ** passes, PASS_MAX_MS));
    return undefined;
  });
  await isSo.catch((error: unknown) => {
    throw new Error(`${String(error)}: ${waiting}`);
  });
}

const RETRY_MS = 5_000;
const PASS_MAX_MS = 20 * 60_000;
/** Nothing has moved for so long that only time can help. */
const STILL_MS = 300;
