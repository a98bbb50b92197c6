/**
 * The simulation's only hands on the real world: the event loop, the wall clock for budgets, and the globals that are
 * replaced while a run is on. Everything else in here is virtual.
 */

/** One turn of the real event loop: every promise that can go on has gone on when it comes back. */
export const turn = (): Promise<void> => new Promise((resolve) => void realSetImmediate(resolve));

/** A real pause, for asking the database whether a statement is blocked. Never part of what a run decides. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => void realSetTimeout(resolve, ms));

/** Milliseconds of real time since the process began; for budgets and rates in reports alone. */
export const elapsedMs = (): number => realPerformanceNow();

const realSetImmediate = setImmediate;
const realSetTimeout = setTimeout;
const realPerformanceNow = performance.now.bind(performance);

/** What stands in for the globals during a run. Times are virtual milliseconds. */
export interface VirtualGlobals {
  now(): number;
  /** 0 to 1, from the run's seed. */
  chance(): number;
  bytes(count: number): Uint8Array;
  /** Calls `work` after `ms` of virtual time, in the caller's own async context. Answers what takes it back. */
  after(ms: number, work: () => void): () => void;
  /** A package asked for the real world and got the virtual one. */
  note(what: string, who: string): void;
}

/** Code of ours that may never ask a global: it is handed everything. Adapters are the exception. */
const OURS = /\/packages\/(kassa|sandbox|client)\/(src|simulation)\//;
const ADAPTERS = /\/(packages\/(kassa|sandbox|client)\/src\/system\.ts|simulation\/engine\/real\.ts)/;
/** The driver's pool closes idle connections by a timer; in a run its one connection is ours alone. */
const NEVER_FIRES = /\/node_modules\/pg(-pool)?\//;

interface Caller {
  readonly ours: boolean;
  readonly inert: boolean;
  readonly name: string;
}

/** Who called the global: the first frame outside this file. */
function callerOf(): Caller {
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 8;
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  Error.stackTraceLimit = depth;
  const frame = lines.find((line) => !line.includes('/simulation/engine/real.ts')) ?? '';
  const ours = OURS.test(frame) && !ADAPTERS.test(frame);
  const name =
    /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(frame)?.[1] ?? /packages\/[^:)]+/.exec(frame)?.[0] ?? 'node';
  return { ours, inert: NEVER_FIRES.test(frame), name };
}

interface Timer {
  ref(): Timer;
  unref(): Timer;
  hasRef(): boolean;
  refresh(): Timer;
  cancel(): void;
}

/**
 * Replaces time, timers, chance and network for the length of a run. Packages of others get virtual ones; our own code
 * gets an error that names the global, because it was to use what it is handed.
 * @returns what puts the real ones back.
 */
export function replaceGlobals(world: VirtualGlobals): () => void {
  const ask = (what: string): Caller => {
    const caller = callerOf();
    if (caller.ours) throw new Error(`${caller.name} asked for ${what}, which is handed in and never taken`);
    world.note(what, caller.name);
    return caller;
  };
  const timer = (caller: Caller, ms: number, work: () => void, again: boolean): Timer => {
    let cancel = (): void => undefined;
    const arm = (): void => {
      if (caller.inert) return;
      cancel = world.after(ms, () => {
        if (again) arm();
        work();
      });
    };
    arm();
    const made: Timer = {
      ref: () => made,
      unref: () => made,
      hasRef: () => true,
      refresh: () => made,
      cancel: () => cancel(),
    };
    return made;
  };
  const clear = (one: Timer | undefined): void => one?.cancel?.();
  const RealDate = Date;
  class VirtualDate extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      if (given.length === 0) {
        ask('new Date()');
        super(world.now());
      } else super(...(given as [number]));
    }
    static override now(): number {
      ask('Date.now');
      return world.now();
    }
  }
  const replaced: [object, string, unknown][] = [
    [globalThis, 'Date', VirtualDate],
    [performance, 'now', () => (ask('performance.now'), world.now())],
    [Math, 'random', () => (ask('Math.random'), world.chance())],
    [globalThis.crypto, 'randomUUID', () => (ask('crypto.randomUUID'), uuidFrom(world.bytes(16)))],
    [globalThis.crypto, 'getRandomValues', (into: Uint8Array) => (ask('getRandomValues'), fill(into, world))],
    [
      globalThis,
      'setTimeout',
      (work: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
        timer(ask('setTimeout'), ms, () => work(...given), false),
    ],
    [
      globalThis,
      'setInterval',
      (work: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
        timer(ask('setInterval'), ms, () => work(...given), true),
    ],
    [
      globalThis,
      'setImmediate',
      (work: (...given: unknown[]) => void, ...given: unknown[]) =>
        timer(ask('setImmediate'), 0, () => work(...given), false),
    ],
    [globalThis, 'clearTimeout', clear],
    [globalThis, 'clearInterval', clear],
    [globalThis, 'clearImmediate', clear],
    [globalThis, 'fetch', () => Promise.reject(new Error(`${ask('fetch').name} reached for the network in a run`))],
  ];
  const before = replaced.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name));
  for (const [owner, name, value] of replaced) {
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [at, [owner, name]] of replaced.entries()) {
      const descriptor = before[at];
      if (descriptor) Object.defineProperty(owner, name, descriptor);
      else Reflect.deleteProperty(owner, name);
    }
  };
}

function fill(into: Uint8Array, world: VirtualGlobals): Uint8Array {
  into.set(world.bytes(into.length));
  return into;
}

function uuidFrom(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
