import type { World } from '../../app.ts';
import { Exit, type Printer } from '../printer.ts';

export interface Answered {
  readonly status: number;
  /** The JSON object of the answer; empty for anything else. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The answer as JSON, whatever it is; undefined for anything else. */
  readonly value: unknown;
  /** Where it leads; null when it leads nowhere. Nothing is followed. */
  readonly location: string | null;
}

/** What a step found, for the line that it prints. */
export interface Found {
  readonly status: number | string;
  readonly detail: string;
}

export interface Journey {
  /** Runs one step and prints its line; the first step that throws ends the journey with exit code 1. */
  step<Result extends Found>(name: string, work: () => Promise<Result>): Promise<Result>;
  get(path: string): Promise<Answered>;
  post(path: string, body: unknown): Promise<Answered>;
}

/** The buyer's way through a shop at one address, over HTTP and nothing else. `headers` go with every request. */
export function startJourney(
  url: string,
  world: World,
  printer: Printer,
  headers: Readonly<Record<string, string>> = {},
): Journey {
  let count = 0;
  const send = async (path: string, init: RequestInit): Promise<Answered> => {
    const answer = await world.http(new Request(new URL(path, url), { ...init, redirect: 'manual' }));
    const text = await answer.text();
    const is_json = answer.headers.get('content-type')?.startsWith('application/json') === true;
    const value: unknown = is_json ? JSON.parse(text) : undefined;
    const location = answer.headers.get('location');
    return { status: answer.status, body: isRecord(value) ? value : {}, value, location };
  };
  return {
    get: (path) => send(path, { headers }),
    post: (path, body) =>
      send(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async step(name, work) {
      count += 1;
      const began = world.clock.now().getTime();
      const line = (status: string, detail: string): string =>
        `${String(count).padStart(2)}  ${name.padEnd(48)} ${status.padEnd(5)} ${detail}`;
      try {
        const found = await work();
        const ms = world.clock.now().getTime() - began;
        const { status, detail } = found;
        printer.say(line(String(status), detail), { what: 'step', n: count, name, ok: true, status, detail, ms });
        return found;
      } catch (error) {
        if (error instanceof Exit) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        printer.say(line('✗', reason), { what: 'step', n: count, name, ok: false, reason });
        throw new Exit(1, `kassa try failed at step ${count}: ${name}`);
      }
    },
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text of an answer. @throws Error when the answer has none of that name. */
export function textOf(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`the answer has no ${name}: ${JSON.stringify(body).slice(0, 200)}`);
  return value;
}

/** The rows of a list in an answer. @throws Error when the answer has no such list. */
export function rowsOf(body: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>>[] {
  const value = body[name];
  if (!Array.isArray(value)) throw new Error(`the answer has no list ${name}: ${JSON.stringify(body).slice(0, 200)}`);
  return value.filter(isRecord);
}

/** @throws Error with the answer's own words when its status is another. */
export function expectStatus(answer: Answered, status: number): void {
  if (answer.status === status) return;
  const words = answer.body.error ?? answer.body.detail;
  const said = typeof words === 'string' ? `: ${words}` : '';
  throw new Error(`answered ${answer.status} instead of ${status}${said}`);
}
