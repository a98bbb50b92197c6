import type { Answer, Connection } from './connection.ts';
import { signatureOf } from './signature.ts';

/**
 * One request of a buyer who goes a whole way. `{n}` in path, headers and body is the buyer's number, `{name}` what an
 * answer before it gave.
 */
export interface Step {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Signs the body as Stripe does, with this secret. */
  readonly sign_with?: string;
  /** What later steps need of the answer: `header:x-token`, or a place in its JSON such as `cart.id`. */
  readonly keep?: Readonly<Record<string, string>>;
  /** What must stand in the answer's JSON, by place: an answer of 200 may still be a refusal. */
  readonly expect?: Readonly<Record<string, string>>;
}

/** @returns the last answer. @throws Error at the first step that is not answered as it must be. */
export async function goTheWay(over: Connection, steps: readonly Step[], number: string): Promise<Answer> {
  const known: Record<string, string> = { n: number };
  const filled = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole);
  let last: Answer | undefined;
  for (const step of steps) {
    const answer = await over.send(bytesOf(step, filled));
    const where = `${step.method} ${step.path}`;
    const text = answer.body();
    if (answer.status >= 300) throw new Error(`${where} was answered ${answer.status} ${text.slice(0, 300)}`);
    const told: unknown = step.keep || step.expect ? JSON.parse(text) : null;
    for (const [name, place] of Object.entries(step.keep ?? {})) {
      const found = place.startsWith('header:') ? answer.header(place.slice('header:'.length)) : at(told, place);
      if (found === undefined) throw new Error(`${where} was answered without ${place}: ${text.slice(0, 300)}`);
      known[name] = String(found);
    }
    for (const [place, wanted] of Object.entries(step.expect ?? {})) {
      if (at(told, place) !== wanted) throw new Error(`${where}: no ${wanted} at ${place}: ${text.slice(0, 300)}`);
    }
    last = answer;
  }
  if (!last) throw new Error('a way has at least one step');
  return last;
}

function bytesOf(step: Step, filled: (text: string) => string): Buffer {
  const body = Buffer.from(filled(step.body ?? ''));
  const names = { Host: '127.0.0.1', Connection: 'keep-alive', 'Content-Type': 'application/json', ...step.headers };
  const lines = Object.entries(names).map(([name, value]) => `${name}: ${filled(value)}\r\n`);
  const signature = step.sign_with === undefined ? '' : signatureOf(body, step.sign_with);
  const length = step.method === 'GET' ? '' : `Content-Length: ${body.length}\r\n`;
  const head = `${step.method} ${filled(step.path)} HTTP/1.1\r\n${lines.join('')}${signature}${length}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** `cart.items.0.id` of a JSON value. */
function at(value: unknown, place: string): unknown {
  return place.split('.').reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null)?.[name], value);
}
