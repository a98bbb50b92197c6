import { CheckoutError } from './checkout-error.ts';
import { ownWorld, type World } from './system.ts';

export interface ClientOptions {
  /** Where Kassa answers, such as `https://api.shop.example`. Default: the page's own origin. */
  base_url?: string;
  /** A signed-in buyer's token, so that the order is written to them. Read anew for each request. */
  buyer_token?: () => string | undefined;
  world?: Partial<World>;
}

/** How a call that must happen once is named. */
export interface Once {
  /**
   * What the caller wants to happen, in the caller's own words, such as `charge for booking 17`. The same intent gets
   * the same key, for as long as the memory lasts, and so the same answer. In a page the request itself is the intent
   * when none is named, until it is answered; on a server each call without a name is an intent of its own.
   */
  intent?: string;
}

export interface Wire {
  readonly world: World;
  /** Safe to ask again. @throws CheckoutError */
  get<Answer>(path: string): Promise<Answer>;
  /** Changes nothing that must not happen twice. @throws CheckoutError */
  post<Answer>(path: string, body: unknown): Promise<Answer>;
  /** Happens once, however often it is tried. @throws CheckoutError */
  once<Answer>(path: string, body: unknown, named?: Once): Promise<Answer>;
}

const TRIES_MAX = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * One shop, asked in one way: where it is, who asks, and how a lost answer is asked for again.
 * @param marked_by given when the shop's own cookie says who the buyer is: every POST then carries the mark against
 *   forgery, and a read of this path hands one out.
 */
export function openWire(
  prefix: string,
  api_key: string,
  { base_url = '', buyer_token, world: given, marked_by }: ClientOptions & { marked_by?: string | undefined },
): Wire {
  const world: World = { ...ownWorld, ...given };
  const { memory } = world;
  const running = new Map<string, Promise<unknown>>();

  async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
    const token = buyer_token?.() ?? api_key;
    const headers = { ...init.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    const credentials = marked_by ? 'include' : 'same-origin';
    let answer: Response;
    let text: string;
    try {
      answer = await world.fetch(base_url + prefix + path, { ...init, headers, credentials });
      text = await answer.text();
    } catch (error) {
      throw new CheckoutError('The shop cannot be reached.', { status: 0, code: 'NETWORK' }, error);
    }
    return readAnswer<Answer>(answer, text);
  }

  async function send<Answer>(path: string, body: string, headers?: Record<string, string>): Promise<Answer> {
    const mark = marked_by && (csrfMark(world.cookies()) ?? (await fetchMark(marked_by)));
    const all = { 'Content-Type': 'application/json', ...headers, ...(mark && { 'X-CSRFToken': mark }) };
    return ask(path, { method: 'POST', headers: all, body });
  }

  /** The first read of a page leaves the mark in a cookie. */
  async function fetchMark(path: string): Promise<string | undefined> {
    await ask(path, { method: 'GET' });
    return csrfMark(world.cookies());
  }

  /** The key is kept before the first try: whatever happens then, the next try has the same one. */
  async function sendOnce<Answer>(path: string, body: string, name: string | undefined, stays: boolean) {
    const forget = (): void => {
      if (name !== undefined) memory.removeItem(name);
    };
    const key = (name !== undefined && memory.getItem(name)) || world.newKey();
    if (name !== undefined) memory.setItem(name, key);
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await send<Answer>(path, body, { 'Idempotency-Key': key });
        if (!stays) forget();
        return answer;
      } catch (error) {
        if (!(error instanceof CheckoutError)) throw error;
        if (!mayChange(error)) forget();
        if (!mayChange(error) || tries === TRIES_MAX) throw error;
        await world.sleep(pauseBefore(tries, error));
      }
    }
  }

  return {
    world,
    get: (path) => ask(path, { method: 'GET' }),
    post: (path, body) => send(path, JSON.stringify(body)),
    once<Answer>(path: string, body: unknown, { intent }: Once = {}) {
      const text = JSON.stringify(body);
      const wish = intent ?? (world.is_page ? text : undefined);
      if (wish === undefined) return sendOnce<Answer>(path, text, undefined, false);
      const name = `kassa ${prefix}${path} ${wish}`;
      const now =
        running.get(name) ?? sendOnce(path, text, name, intent !== undefined).finally(() => running.delete(name));
      running.set(name, now);
      return now as Promise<Answer>;
    },
  };
}

/** What the shop left in the cookie `csrftoken` for the page to show. */
function csrfMark(cookies: string): string | undefined {
  return /(?:^|; )csrftoken=([^;]*)/.exec(cookies)?.[1];
}

interface Told {
  error: string;
  /** The one field that ticket-order has. */
  detail: string;
  code: string;
  details: Record<string, unknown>;
}

/** Every contract draws its failures in its own shape; the code is in a header of them all. */
function readAnswer<Answer>(answer: Response, text: string): Answer {
  const told = parsed(answer, text);
  if (answer.ok) return told as Answer;
  const { error, detail, code, details } = told as Partial<Told>;
  const { headers, status } = answer;
  const retry_after_s = Number(headers.get('Retry-After') ?? Number.NaN);
  throw new CheckoutError(error ?? detail ?? 'Something went wrong.', {
    status,
    code: code ?? headers.get('Kassa-Error-Code') ?? 'UNKNOWN',
    details: { ...details, ...(Number.isFinite(retry_after_s) && { retry_after_s }) },
    request_id: headers.get('Request-Id'),
  });
}

/** A proxy in between may answer with a page of its own. */
function parsed(answer: Response, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const sentence = 'The answer did not come from the shop.';
    throw new CheckoutError(sentence, { status: answer.status >= 400 ? answer.status : 502, code: 'UNKNOWN' }, error);
  }
}

/** An answer that another try with the same key may change. */
function mayChange({ status, code }: CheckoutError): boolean {
  return status === 0 || status === 429 || status >= 500 || code === 'IDEMPOTENCY_KEY_IN_USE';
}

function pauseBefore(tries: number, { details }: CheckoutError): number {
  const { retry_after_s } = details;
  const pause_ms = typeof retry_after_s === 'number' ? retry_after_s * 1000 : FIRST_PAUSE_MS * 2 ** (tries - 1);
  return Math.min(pause_ms, LONGEST_PAUSE_MS);
}
