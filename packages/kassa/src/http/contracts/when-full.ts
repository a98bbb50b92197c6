import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import { Bug } from '../../kernel/errors.ts';
import { describeFailure } from '../describe-failure.ts';
import type { HttpHouse } from '../house.ts';
import type { SocketWay } from '../listen.ts';
import { FULL } from '../pressure.ts';
import { type HttpEnv, withoutSlashes } from '../request/context.ts';
import type { Grants } from '../request/cors.ts';
import { completeHeaders, headersOfEvery, logAnswer, newRequestId } from '../request/every-answer.ts';
import { BODY_BYTES_MAX } from '../request/read-body.ts';
import type { Contract } from './contract.ts';

/** What a contract says at a path where anybody may open a checkout. */
export interface Opening {
  readonly drawFailure: Contract['drawFailure'];
  /** Null: no page of another origin may call. */
  readonly grantFor: Grants | null;
}

interface Drawn {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly grantFor: Grants;
}

/** So long a caller may go on sending what nobody reads, as by the way of all others (`@hono/node-server`). */
const REST_MS = 500;

/**
 * Tells whoever would open a checkout that there is no room, straight from the socket: in a crowd most requests are
 * these, and whatever else stands around a request keeps those who are served waiting. For each that can be read, and
 * whose body is no longer than a body may be, the answer, its headers and the line in the access log are the same either
 * way.
 */
export function fullWay(house: HttpHouse, openings: ReadonlyMap<string, Opening>): SocketWay {
  const answers = new Map<string, Drawn>();
  for (const [path, opening] of openings) {
    // Until it is drawn, and if it never is, the other way says it.
    draw(path, opening).then(
      (drawn) => answers.set(path, drawn),
      (error: unknown) => house.log.error({ err: error, route: path }, 'that there is no room could not be drawn'),
    );
  }
  return (incoming, outgoing) => {
    if (incoming.method !== 'POST') return false;
    const route = pathIn(incoming.url);
    const answer = answers.get(route);
    if (answer === undefined || !isShort(incoming) || !isFull(house)) return false;
    try {
      refuse(house, { incoming, outgoing, route, answer });
    } catch (error) {
      // A mistake of ours ends this connection, not the process.
      incoming.socket.destroy();
      house.log.error({ err: error, route }, 'that there is no room could not be said');
    }
    return true;
  };
}

interface Refusal {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly route: string;
  readonly answer: Drawn;
}

function refuse(house: HttpHouse, { incoming, outgoing, route, answer }: Refusal): void {
  const { status, headers, body, grantFor } = answer;
  const started_ms = house.clock.now().getTime();
  const request_id = newRequestId(house);
  logAnswer(house, { request_id, method: 'POST', route, status, started_ms });
  outgoing.writeHead(status, {
    ...headers,
    ...grantFor(incoming.headers.origin),
    ...headersOfEvery(house, request_id),
  });
  outgoing.end(body, () => void cutLater(house, incoming));
}

/** Node waits for the rest of a request for half a minute, and would then answer it a second time. */
async function cutLater({ clock }: HttpHouse, incoming: IncomingMessage): Promise<void> {
  await clock.sleep(REST_MS);
  if (!incoming.complete) incoming.socket.destroy();
}

/** Its path without query and trailing slashes: they change nothing about it. */
function pathIn(url = ''): string {
  const query = url.indexOf('?');
  return withoutSlashes(query < 0 ? url : url.slice(0, query));
}

/** Where nothing is told of its length, or too much, the other way counts its bytes. */
function isShort({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length']) <= BODY_BYTES_MAX;
}

function isFull(house: HttpHouse): boolean {
  try {
    house.refuseWhenFull('checkout');
    return false;
  } catch (error) {
    // Whatever else it says is told by the way that everything takes.
    return error === FULL;
  }
}

/** In the contract's own shape, once for everybody. @throws Bug for a contract that draws something else. */
async function draw(path: string, { drawFailure, grantFor }: Opening): Promise<Drawn> {
  const app = new Hono<HttpEnv>();
  app.onError((error) => {
    throw error;
  });
  app.post(path, (c) => drawFailure(c, describeFailure(FULL, '')));
  const answer = await app.request(path, { method: 'POST' });
  const { status, headers } = answer;
  if (headers.get('Kassa-Error-Code') !== 'OVERLOADED') throw new Bug(`${path} tells a crowd ${status}`);
  const body = await answer.text();
  completeHeaders(headers);
  headers.set('Content-Length', String(Buffer.byteLength(body)));
  if (grantFor !== null) headers.append('Vary', 'Origin');
  return { status, headers: Object.fromEntries(headers), body, grantFor: grantFor ?? (() => ({})) };
}
