import type { Hooks } from '../../src/config/hooks.ts';
import type { StandIns } from '../../src/config/stand-ins.ts';
import type { Settings } from '../../src/config.ts';
import type { Shop } from '../../src/flows/house.ts';
import { diceOf } from '../engine/dice.ts';
import { pause, replaceGlobals } from '../engine/real.ts';
import { START_MS } from '../engine/start.ts';
import type { Ground } from '../world/database/ground.ts';
import { type Blow, type Blows, drawnBlows, scriptedBlows } from './blows.ts';
import { type Effect, type Finding, judge, type Volatile, volatileIn } from './effects.ts';
import { type OnSale, writeBook } from './orders.ts';
import { machineAtWork, type Outside } from './world/outside.ts';
import type { OwnTables } from './world/own-tables.ts';
import { buildWorld, type TortureWorld } from './world/world.ts';

/** Everything that schedules are played on; opened once. */
export interface Stage {
  readonly ground: Ground;
  readonly outside: Outside;
  readonly own_tables: OwnTables;
  readonly shop: Shop;
  readonly shelf: readonly OnSale[];
  readonly settings: Settings;
  readonly on: Hooks['on'];
  readonly stand_ins: StandIns;
  /** Books that were played in calm weather before. */
  readonly calm: Map<string, Calm>;
}

export interface SchedulePlan {
  readonly seed: number;
  readonly orders: number;
  /** Exactly these blows, instead of what the seed draws. */
  readonly blows: readonly Blow[] | null;
}

export interface Played {
  readonly plan: SchedulePlan;
  readonly struck: readonly Blow[];
  readonly points: number;
  readonly findings: readonly (Finding | GaveUp)[];
  readonly story: readonly string[];
  readonly effects: number;
}

/** A delivery that was given up after its twenty tries, though it is done in calm weather. */
export interface GaveUp {
  readonly what: 'gave_up';
  readonly topic: string;
  readonly last_error: string | null;
}

/** What a book leaves behind when nothing goes wrong. */
export interface Calm {
  readonly effects: readonly Effect[];
  readonly unsteady: Volatile;
}

/** The hooks cannot be judged: they fail in calm weather, or do not do the same twice. */
export class NoJudgement extends Error {
  override readonly name = 'NoJudgement';
}

/** So many sets of orders; each is played in calm weather once, however many schedules it is played in. */
const BOOKS = 24;
const STEPS_MAX = 30_000;
const DAY_MS = 86_400_000;
const MACHINE_WAITS_MAX = 5_000;
/** How long calls that were given up may go on after the last delivery: longer than any answer is late. */
const AFTERMATH_MS = 10 * 60_000;

export async function playSchedule(stage: Stage, plan: SchedulePlan): Promise<Played> {
  const calm = await calmOf(stage, plan);
  const blows = plan.blows === null ? drawnBlows(plan.seed) : scriptedBlows(plan.blows);
  const { effects, story, parked } = await play(stage, plan, { blows, start_ms: START_MS, chance: 'weather' });
  const findings = judge(effects, calm.effects, calm.unsteady);
  const gave_up = parked.map(({ topic, last_error }): GaveUp => ({ what: 'gave_up', topic, last_error }));
  const { struck, points } = blows;
  return { plan, struck, points, findings: [...findings, ...gave_up], story, effects: effects.length };
}

async function calmOf(stage: Stage, plan: SchedulePlan): Promise<Calm> {
  const book = `${plan.seed % BOOKS}/${plan.orders}`;
  const known = stage.calm.get(book);
  if (known) return known;
  const quiet = { ...plan, blows: [] };
  const first = await play(stage, quiet, { blows: scriptedBlows([]), start_ms: START_MS, chance: 'calm' });
  const second = await play(stage, quiet, { blows: scriptedBlows([]), start_ms: START_MS + DAY_MS, chance: 'again' });
  const thrown = first.story.find((line) => line.includes(' throws '));
  if (thrown !== undefined) throw new NoJudgement(`a hook fails though nothing goes wrong: ${thrown}`);
  const unsteady = volatileIn(first.effects, second.effects);
  if (!unsteady) throw new NoJudgement('the hooks do not do the same twice, though nothing goes wrong');
  const calm = { effects: first.effects, unsteady };
  stage.calm.set(book, calm);
  return calm;
}

interface Weather {
  readonly blows: Blows;
  readonly start_ms: number;
  readonly chance: string;
}

interface Ended {
  readonly effects: readonly Effect[];
  readonly story: readonly string[];
  readonly parked: readonly Told[];
}

interface Told {
  readonly topic: string;
  readonly last_error: string | null;
}

async function play(stage: Stage, plan: SchedulePlan, { blows, start_ms, chance }: Weather): Promise<Ended> {
  const { ground, own_tables, outside, shop, shelf, settings, on, stand_ins } = stage;
  await own_tables.sweep();
  const { order_ids } = await writeBook(ground.db, shop, shelf, { number: plan.seed % BOOKS, orders: plan.orders, on });
  const place_of = new Map(order_ids.map((id, at) => [id, at + 1]));
  const seed = `seed ${plan.seed}`;
  const world = buildWorld({ seed, start_ms, ground, blows, on, stand_ins, settings, place_of });
  const luck = diceOf(`${seed}/${chance}`);
  outside.lendTo(world);
  const restore = replaceGlobals({
    now: () => world.scheduler.now(),
    chance: () => luck.below(2 ** 30) / 2 ** 30,
    bytes: (count) => luck.bytes(count),
    after: (ms, work) => world.scheduler.after(ms, work),
    note: () => undefined,
  });
  const shut = outside.openFetch();
  try {
    world.start();
    const idle = untilDone(world, ground);
    await world.scheduler.run({ idle, between: () => Promise.resolve(), steps_max: STEPS_MAX });
  } finally {
    shut();
    restore();
    outside.lendTo(undefined);
  }
  const parked = await ground.ask<Told>(
    `select message.topic, delivery.last_error from kassa.deliveries delivery
       join kassa.outbox_messages message on message.id = delivery.message_id
     where delivery.parked_at is not null`,
  );
  return { effects: [...world.receiver.effects, ...(await own_tables.rows())], story: world.story, parked };
}

const DUE_SQL = `select extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)))) * 1000 as at
  from kassa.deliveries where delivered_at is null and parked_at is null and waits_for is null`;

/**
 * Moves time when nobody can go on: to the next sleeper or the next delivery that is due, for which it sends a worker
 * round. Says no when everything was sent and every call of a hook, also one that was given up, has ended or hangs.
 */
function untilDone({ scheduler, wake, busy }: TortureWorld, ground: Ground): () => Promise<boolean> {
  let not_before = 0;
  let done_at: number | undefined;
  return async () => {
    for (let waited = 0; machineAtWork() && waited < MACHINE_WAITS_MAX; waited += 1) await pause(1);
    const [row] = await ground.ask<{ at: string | null }>(DUE_SQL);
    const due = row?.at == null ? undefined : Number(row.at);
    const now = scheduler.now();
    if (due !== undefined && due <= now && now >= not_before && wake()) {
      // Who was sent round takes what is due; whoever is sent after him in the same moment would find nothing.
      not_before = now + 1_000;
      return true;
    }
    const sleeper = scheduler.nextDue();
    if (due === undefined) {
      done_at ??= now;
      if (busy() === 0 || sleeper === undefined || sleeper > done_at + AFTERMATH_MS) return false;
      scheduler.moveTo(sleeper);
      return true;
    }
    done_at = undefined;
    // What is overdue has workers that are busy, or dead and not yet back: it is looked at again in a second.
    const again = due > now ? due : Math.max(not_before, now + 1_000);
    scheduler.moveTo(Math.min(sleeper ?? Number.POSITIVE_INFINITY, again));
    return true;
  };
}
