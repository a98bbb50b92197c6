import { Hono } from 'hono';
import { describeFailure } from '../describe-failure.ts';
import type { HttpHouse } from '../house.ts';
import { FULL } from '../pressure.ts';
import type { HttpEnv } from '../request/context.ts';
import type { Grants } from '../request/cors.ts';
import { headersOfEvery, logAnswer, newRequestId } from '../request/every-answer.ts';
import type { SocketWay } from '../webhook.ts';
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

/**
 * Tells whoever would open a checkout that there is no room, straight from the socket: in a crowd most requests are
 * these, and by the way of all others each takes three times as long from those who are served. The answer, its headers
 * and the line in the access log are the same either way.
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
    const { method, url: path = '' } = incoming;
    const answer = method === 'POST' ? answers.get(path) : undefined;
    if (answer === undefined || !isFull(house)) return false;
    const started_ms = house.clock.now().getTime();
    const request_id = newRequestId(house);
    const { status, headers, body, grantFor } = answer;
    const own = { ...headers, ...grantFor(incoming.headers.origin), ...headersOfEvery(house, request_id) };
    outgoing.writeHead(status, own);
    outgoing.end(body);
    logAnswer(house, { request_id, method: 'POST', route: path, status, started_ms });
    return true;
  };
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

/** In the contract's own shape: nothing in it is about the request, so it is the same for everybody. */
async function draw(path: string, { drawFailure, grantFor }: Opening): Promise<Drawn> {
  const app = new Hono<HttpEnv>();
  app.post(path, (c) => drawFailure(c, describeFailure(FULL, '')));
  const answer = await app.request(path, { method: 'POST' });
  const body = await answer.text();
  const headers: Record<string, string> = {
    ...Object.fromEntries(answer.headers),
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    ...(grantFor === null ? {} : { vary: 'Origin' }),
  };
  return { status: answer.status, headers, body, grantFor: grantFor ?? (() => ({})) };
}
