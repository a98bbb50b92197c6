import { AsyncLocalStorage } from 'node:async_hooks';
import type { HookEffect, HookRequest, StandIns } from '../../../src/config/stand-ins.ts';
import type { Scheduler } from '../../engine/scheduler.ts';
import { type Blows, CALL_BLOWS, type CallBlow } from '../blows.ts';
import type { Effect } from '../effects.ts';

/** For whom a hook runs at this moment. */
export interface Running {
  readonly order: number;
  readonly event: string;
  readonly attempt: number;
  readonly delivery_of: string;
}

/** Which hook is asking; undefined for everybody else. */
export const running = new AsyncLocalStorage<Running>();

export interface ReceiverWorld {
  readonly scheduler: Scheduler;
  readonly blows: Blows;
  readonly stand_ins: StandIns;
  /** Writes down what happened, for people. */
  readonly tell: (sentence: string) => void;
  readonly crashHere: () => Promise<never>;
  /** Takes the running delivery from its worker, as after a long pause of its machine. */
  readonly overtake: (running: Running) => Promise<void>;
}

/** Stands in for everything outside: does what it is told, once per key, and fails as networks fail. */
export interface Receiver {
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  effect(one: HookEffect): Promise<unknown>;
  readonly effects: readonly Effect[];
}

const NAMES = Object.keys(CALL_BLOWS) as CallBlow[];
/** Longer than a delivery may take: by then the hook has been given up and is run again. */
const LATE_MS = 90_000;
/** As `once` makes them; whoever hands one on in a header, an address or a body has handed it on. */
const OUR_KEY = /kassa-[0-9a-f]{40}/;
const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Asked {
  readonly request: HookRequest;
  readonly to: string;
  readonly content: unknown;
  readonly key: string | null;
  readonly counts: boolean;
}

export function createReceiver(world: ReceiverWorld): Receiver {
  const effects: Effect[] = [];
  const answers = new Map<string, Answer>();
  /** The thing itself. A repeat under the same key gets the first answer. */
  const done = (asked: Asked): Answer => {
    const own = running.getStore();
    const { to, content, key, request } = asked;
    const repeat = key === null ? undefined : JSON.stringify([to, key]);
    const known = repeat === undefined ? undefined : answers.get(repeat);
    const number = effects.length + 1;
    if (asked.counts) effects.push({ order: own?.order ?? null, event: own?.event ?? null, to, content, key });
    world.tell(`${to}${asked.counts ? '' : ' (harmless)'} ${known ? 'is repeated under its key' : 'is done'}`);
    if (known) return known;
    const given = world.stand_ins.answer?.(request) ?? {};
    const answer = { status: given.status ?? 200, body: given.body ?? { id: `done_${number}` } };
    if (repeat !== undefined) answers.set(repeat, answer);
    return answer;
  };
  const ask = async (asked: Asked, signal: AbortSignal | undefined): Promise<Answer> => {
    const { scheduler, blows, tell } = world;
    await within(scheduler.point('call'), signal);
    const blow = blows.strike(NAMES);
    if (blow !== undefined) tell(`${asked.to}: ${CALL_BLOWS[blow]}`);
    if (blow === 'never_sent') throw unreachable();
    if (blow === 'refused') return { status: 503, body: { error: 'come back later' } };
    if (blow === 'dies_before') return world.crashHere();
    if (blow === 'no_end') await within(new Promise<never>(() => undefined), signal);
    if (blow === 'late_effect') await scheduler.sleep(LATE_MS);
    const answer = done(asked);
    if (blow === 'answer_lost') throw unreachable();
    if (blow === 'dies_after') return world.crashHere();
    if (blow === 'late_answer') await within(scheduler.sleep(LATE_MS), signal);
    const own = running.getStore();
    if (blow === 'overtaken' && own) {
      await world.overtake(own);
      await within(scheduler.sleep(LATE_MS / 3), signal);
    }
    await within(scheduler.point('answer'), signal);
    return answer;
  };
  return {
    effects,
    async fetch(input, init) {
      const given = new Request(input, init);
      const body = await given.text();
      const { status, body: said } = await ask(askedBy(given, body, world.stand_ins), given.signal);
      return said === null ? new Response(null, { status }) : Response.json(said, { status });
    },
    async effect({ to, content = null, idempotency_key }) {
      const request = { method: 'POST', url: to, body: JSON.stringify(content) };
      const asked = { request, to, content: asJson(request.body), key: idempotency_key ?? null, counts: true };
      const { status, body } = await ask(asked, undefined);
      if (status >= 400) throw new Error(`${to} answered ${status}`);
      return body;
    },
  };
}

function askedBy(given: Request, body: string, { harmless }: StandIns): Asked {
  const { method } = given;
  const { origin, pathname, href } = new URL(given.url);
  const request = { method, url: href, body };
  const named = [...given.headers].map(([, value]) => value).join('\n');
  const key = OUR_KEY.exec(`${named}\n${href}\n${body}`)?.[0] ?? given.headers.get('idempotency-key');
  const counts = !CHANGES_NOTHING.has(method) && harmless?.(request) !== true;
  return { request, to: `${method} ${origin}${pathname}`, content: asJson(body), key, counts };
}

/** A body as what it says: JSON, a form, or its text. */
function asJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return /^[^=&\s]+=[^\s]*$/.test(body) ? Object.fromEntries(new URLSearchParams(body)) : body;
  }
}

const unreachable = (): Error =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) });

/** Waits, unless whoever asked does not wait any longer. */
function within<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const over = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, over]);
}
