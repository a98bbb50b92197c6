import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, connection } from './connection.ts';
import { goTheWay } from './journey.ts';
import type { LoadPlan, LoadResult } from './plan.ts';
import { signatureOf } from './signature.ts';
import { newTally } from './tally.ts';

const NUMBER_DIGITS = 10;

/** Sends what the plan says and tells what came back. Runs in a process of its own, whose CPU nobody is charged for. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const tally = newTally();
  const make = requestMaker(plan);
  const started = performance.now();
  const ends = started + plan.seconds * 1_000;
  let sent = 0;
  const next = (): number | undefined => {
    if (sent >= plan.count_max || performance.now() >= ends) return undefined;
    sent += 1;
    return sent - 1;
  };
  const { per_second } = plan;
  const due = (index: number): number =>
    per_second === null ? performance.now() : started + (index / per_second) * 1_000;
  const one = async (over: Connection, index: number): Promise<void> => {
    const due_ms = due(index);
    if (per_second !== null && due_ms > performance.now()) await sleep(due_ms - performance.now());
    try {
      const answer = plan.journey
        ? await goTheWay(over, plan.journey, numberOf(plan, index))
        : await over.send(make(index));
      tally.note(answer.status, performance.now() - due_ms, answer);
    } catch (error) {
      tally.broke(error);
    }
  };
  const connections = Array.from({ length: plan.connections }, () => connection(plan.port, plan.patience_ms));
  await Promise.all(
    connections.map(async (over) => {
      for (let index = next(); index !== undefined; index = next()) await one(over, index);
      over.close();
    }),
  );
  return { sent, elapsed_s: (performance.now() - started) / 1_000, ...tally.result() };
}

function numberOf({ first, cycle }: LoadPlan, index: number): string {
  return String(first + (cycle === null ? index : index % cycle)).padStart(NUMBER_DIGITS, '0');
}

/** The bytes of the n-th request. Everything that can be made once is made once: what it costs the servers must do without. */
function requestMaker(plan: LoadPlan): (index: number) => Buffer {
  const { method, body, sign_with } = plan;
  const names = { Host: `127.0.0.1:${plan.port}`, Connection: 'keep-alive', ...plan.headers };
  const lines = Object.entries(names).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${plan.path} HTTP/1.1\r\n${lines.join('')}`;
  const bodyOf = body === null ? null : numbered(body);
  return (index) => {
    const number = numberOf(plan, index);
    const own_head = head.replaceAll('{n}', number);
    if (bodyOf === null) return Buffer.from(`${own_head}\r\n`);
    const own_body = bodyOf(number);
    const signature = sign_with === null ? '' : signatureOf(own_body, sign_with);
    const whole_head = `${own_head}${signature}Content-Length: ${own_body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(whole_head), own_body]);
  };
}

/** A text whose `{n}` are numbers of always the same length, so that only these are written anew each time. */
function numbered(text: string): (number: string) => Buffer {
  const parts = text.split('{n}').map((part) => Buffer.from(part));
  const blank = Buffer.alloc(NUMBER_DIGITS);
  const whole = Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [blank, part])));
  const places: number[] = [];
  let end = 0;
  for (const part of parts.slice(0, -1)) {
    places.push(end + part.length);
    end += part.length + NUMBER_DIGITS;
  }
  return (number) => {
    const own = Buffer.from(whole);
    for (const place of places) own.write(number, place, 'latin1');
    return own;
  };
}
