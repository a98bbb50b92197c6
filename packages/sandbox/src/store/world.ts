import type { Incoming } from '../http/call.ts';
import type { Reply } from '../http/reply.ts';
import type { ShiftableClock } from '../kernel/clock.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { RetryProfile, RuntimeOptions, SandboxOptions, WebhookTarget } from '../kernel/options.ts';
import type { Database } from './database.ts';
import { readSetting, writeSetting } from './settings.ts';

/** What came of one attempt to deliver. */
export interface Outcome {
  /** HTTP status, or null when nothing came back. */
  status: number | null;
  reply: string;
}

/** One attempt as it goes down the line of a command line. */
export interface Pushed {
  delivery: { seq: number; event_id: string; target: string; began_ms: number };
  body: string;
  headers: Record<string, string>;
}

/** What a listening command line was promised when it asked where to dial. */
export interface CommandLineSession {
  feature: 'webhooks' | 'request_logs';
  /** Whose events or calls. */
  account: string;
  /** Signs what goes down its line. */
  secret: string;
  /** Which calls `logs tail` wants to see. */
  filters: LogFilters;
}

/** By the names that the command line sends; a list that is empty or absent lets everything through. */
export type LogFilters = Partial<
  Record<
    | 'filter_account'
    | 'filter_http_method'
    | 'filter_ip_address'
    | 'filter_request_path'
    | 'filter_request_status'
    | 'filter_source'
    | 'filter_status_code'
    | 'filter_status_code_type',
    string[]
  >
>;

/** A receiver as the delivery queue knows it: an endpoint object, an option, or a listening command line. */
export interface Target {
  /** `we_…`, `option:0`, `cli:…` */
  id: string;
  /** Whose events it gets. */
  account: string;
  url: string;
  /** What signs at a moment (milliseconds of the sandbox's clock): two secrets while one is being rolled. */
  secretsAt(now_ms: number): string[];
  events: string[];
  /** Set for command lines: the bytes go down their line instead of over HTTP, and are not tried again. */
  push?(message: Pushed): Promise<Outcome>;
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
  /** What the tokens of forms and control calls are made of. Never the seed, which others may know. */
  secret: string;
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
  /** Calls since this process opened the store. */
  answered: number;
  /** Counts resets and restores: work that began in an earlier world must not be written into this one. */
  epoch: number;
  /** Is anything armed at all? Unset when that has to be looked up again; most calls need not ask. */
  armed: { faults: boolean | undefined; rules: boolean | undefined };
  /** Forgotten whenever a webhook endpoint changes. */
  targets: Target[] | undefined;
  optionTargets: WebhookTarget[];
  listeners: Map<string, Target>;
  /** Command lines that asked where to listen, by the id that they will show. */
  cliSessions: Map<string, CommandLineSession>;
  /** Who watches the calls as they are answered: `logs tail`. */
  watchers: Set<(call: Incoming, reply: Reply) => void>;
  /** Where command lines dial, `ws://127.0.0.1:4243/ws`; empty while nothing listens. */
  socketUrl: string;
  /** True once it listens on a port: control calls then need their token. */
  served: boolean;
  log: (line: Record<string, unknown>) => void;
}

/** Ids that were given out but never committed before the process died are not given out again. */
const REOPEN_GAP = 1000;

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
  const position = readSetting(database, 'position');
  if (position !== undefined) world.ids.resume(Number(position) + (clock ? 0 : REOPEN_GAP));
  // A call that was under way when the process died is not under way any more.
  if (!clock) database.run("delete from idempotency where state = 'started'");
  const seq = database.one('select max(seq) as top from objects')?.top;
  world.seq = Number(seq ?? 0);
  world.targets = undefined;
  world.armed = { faults: undefined, rules: undefined };
  const time = JSON.parse(readSetting(database, 'clock') ?? 'null') as { offset: number; now: number } | null;
  if (time && clock) world.clock.restore(time);
  else if (time && world.clock.offset() === 0) world.clock.restore({ offset: time.offset, now: world.clock.now() });
}
