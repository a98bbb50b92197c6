import type { ShiftableClock } from '../kernel/clock.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { RetryProfile, RuntimeOptions, SandboxOptions, WebhookTarget } from '../kernel/options.ts';
import type { Database } from './database.ts';
import { readSetting, writeSetting } from './settings.ts';

/** A receiver as the delivery queue knows it: an endpoint object, an option, or a listening command line. */
export interface Target {
  /** `we_…`, `option:0`, `cli:…` */
  id: string;
  url: string;
  secrets: string[];
  events: string[];
  /** Set for command lines: the bytes go down their line instead of over HTTP, and are not tried again. */
  push?(message: { body: string; headers: Record<string, string> }): Promise<{ status: number | null; reply: string }>;
}

/** Probability per call or delivery, 0 to 1, drawn from the seed; windows in milliseconds of the sandbox's clock. */
export interface Chaos {
  error_before: number;
  error_after: number;
  timeout_before: number;
  timeout_after: number;
  reset_before: number;
  reset_after: number;
  drop: number;
  duplicate: number;
  delay: number;
  delay_ms: number;
  reorder: number;
  outages: { from: number; to: number; what: 'all' | 'reads' | 'writes' | 'webhooks' }[];
}

/** Everything that the rooms share: the store, time, ids, options. One per sandbox. */
export interface World {
  database: Database;
  clock: ShiftableClock;
  ids: IdSource;
  options: SandboxOptions;
  publicUrl: string;
  retryProfile: RetryProfile;
  runtime: RuntimeOptions;
  chaos: Chaos | undefined;
  /** Calls per second per endpoint and overall; undefined when the limiter is off. */
  limiter: { endpoint: number; overall: number } | undefined;
  /** Times of the calls of the last second, by endpoint; not kept over a restart. */
  recentCalls: Map<string, number[]>;
  /** Counters for dice, so that the n-th call meets the same fate in every run. */
  calls: number;
  seq: number;
  /** Forgotten whenever a webhook endpoint changes. */
  targets: Target[] | undefined;
  optionTargets: WebhookTarget[];
  listeners: Map<string, Target>;
  /** Command lines that asked where to listen, by the id that they will show. */
  cliSessions: Map<string, { secret: string }>;
  /** True once it listens on a port: control calls then need their token. */
  served: boolean;
  log: (line: Record<string, unknown>) => void;
}

interface Saved {
  runtime: RuntimeOptions;
  chaos: Chaos | null;
  limiter: World['limiter'] | null;
  calls: number;
}

/** Writes what `loadState` reads: a file store and a snapshot both carry it. */
export function saveState(world: World): void {
  const { runtime, calls } = world;
  const saved: Saved = { runtime, chaos: world.chaos ?? null, limiter: world.limiter ?? null, calls };
  writeSetting(world.database, 'state', JSON.stringify(saved));
  writeSetting(world.database, 'position', String(world.ids.position()));
  const clock = { offset: world.clock.offset(), now: world.clock.now() };
  writeSetting(world.database, 'clock', JSON.stringify(clock));
}

/** A file store remembers how far the ids have come, with every commit. */
export function keepPosition(world: World): void {
  if (!world.database.inMemory) writeSetting(world.database, 'position', String(world.ids.position()));
}

/** @param clock also moves the clock: a restored snapshot does, a reopened file keeps only its offset */
export function loadState(world: World, clock: boolean): void {
  const { database } = world;
  const saved = JSON.parse(readSetting(database, 'state') ?? 'null') as Saved | null;
  if (saved) {
    Object.assign(world.runtime, saved.runtime);
    world.chaos = saved.chaos ?? undefined;
    world.limiter = saved.limiter ?? undefined;
    world.calls = saved.calls;
  }
  world.ids.resume(Number(readSetting(database, 'position') ?? 0));
  const seq = database.one('select max(seq) as top from objects')?.top;
  world.seq = Number(seq ?? 0);
  world.targets = undefined;
  const time = JSON.parse(readSetting(database, 'clock') ?? 'null') as { offset: number; now: number } | null;
  if (time && clock) world.clock.restore(time);
  else if (time && world.clock.offset() === 0) world.clock.restore({ offset: time.offset, now: world.clock.now() });
}
