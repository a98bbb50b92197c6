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

const callers = new Map<string, Caller>();

/** Who called the global: the first frame outside this file. Asked at every call, so the stack is never made a text. */
function callerOf(): Caller {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = 8;
  Error.prepareStackTrace = (_error, sites) => sites;
  const sites = new Error().stack as unknown as readonly NodeJS.CallSite[];
  Error.stackTraceLimit = stackTraceLimit;
  Error.prepareStackTrace = prepareStackTrace;
  const fileOf = (site: NodeJS.CallSite | undefined): string => String(site?.getScriptNameOrSourceURL() ?? '');
  const file = fileOf(sites.find((site) => !fileOf(site).includes('/simulation/engine/real.ts')));
  const known = callers.get(file);
  if (known) return known;
  const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? /packages\/.+/.exec(file)?.[0] ?? 'node';
  const caller = { ours: OURS.test(file) && !ADAPTERS.test(file), inert: NEVER_FIRES.test(file), name };
  callers.set(file, caller);
  return caller;
}

interface Timer {
  ref(): Timer;
  unref(): Timer;
  hasRef(): boolean;
  refresh(): Timer;
  cancel(): void;
}

/** Says who asked for a global, and refuses it to our own code. */
type Ask = (what: string) => Caller;

/**
 * Replaces time, timers, chance and network for the length of a run. Packages of others get virtual ones; our own code
 * gets an error that names the global, because it was to use what it is handed.
 * @returns what puts the real ones back.
 */
export function replaceGlobals(world: VirtualGlobals): () => void {
  const ask: Ask = (what) => {
    const caller = callerOf();
    if (caller.ours) throw new Error(`${caller.name} asked for ${what}, which is handed in and never taken`);
    world.note(what, caller.name);
    return caller;
  };
  const replaced: Replacement[] = [
    [globalThis, 'Date', virtualDate(world, ask)],
    virtually(ask, 'performance.now', performance, () => world.now()),
    ...virtualChance(world, ask),
    ...virtualTimers(world, ask),
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

/** What stands where: the object, the name in it, and what takes its place. */
type Replacement = readonly [owner: object, name: string, value: unknown];

function virtually(ask: Ask, what: string, owner: object, answer: (given: unknown) => unknown): Replacement {
  const called = (given: unknown): unknown => {
    ask(what);
    return answer(given);
  };
  return [owner, what.slice(what.lastIndexOf('.') + 1), called];
}

function virtualDate(world: VirtualGlobals, ask: Ask): unknown {
  return class VirtualDate extends Date {
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
  };
}

function virtualChance(world: VirtualGlobals, ask: Ask): Replacement[] {
  return [
    virtually(ask, 'Math.random', Math, () => world.chance()),
    virtually(ask, 'crypto.randomUUID', globalThis.crypto, () => uuidFrom(world.bytes(16))),
    virtually(ask, 'crypto.getRandomValues', globalThis.crypto, (into) => fill(into as Uint8Array, world)),
  ];
}

type Work = (...given: unknown[]) => void;

function virtualTimers(world: VirtualGlobals, ask: Ask): Replacement[] {
  const clear = (one: Timer | undefined): void => one?.cancel?.();
  const set = (name: string, again: boolean): Replacement => [
    globalThis,
    name,
    (work: Work, ms = 0, ...given: unknown[]) => timer(world, ask(name), ms, { again, work: () => work(...given) }),
  ];
  const immediate = (work: Work, ...given: unknown[]): Timer =>
    timer(world, ask('setImmediate'), 0, { again: false, work: () => work(...given) });
  return [
    set('setTimeout', false),
    set('setInterval', true),
    [globalThis, 'setImmediate', immediate],
    [globalThis, 'clearTimeout', clear],
    [globalThis, 'clearInterval', clear],
    [globalThis, 'clearImmediate', clear],
  ];
}

function timer(
  world: VirtualGlobals,
  caller: Caller,
  ms: number,
  { again, work }: { readonly again: boolean; readonly work: () => void },
): Timer {
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
}

function fill(into: Uint8Array, world: VirtualGlobals): Uint8Array {
  into.set(world.bytes(into.length));
  return into;
}

function uuidFrom(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
