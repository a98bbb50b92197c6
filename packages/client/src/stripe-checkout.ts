import { CheckoutError } from './checkout-error.ts';
import { ownWorld, type World } from './system.ts';
import type { CheckoutSession, CheckoutSessionRequest, CheckoutStatus, PaymentOutcome } from './types.ts';

export interface CheckoutOptions {
  /** Where Kassa answers, such as `https://api.shop.example`. Default: the page's own origin. */
  base_url?: string;
  /** A signed-in buyer's token, so that the order is written to them. Read anew for each request. */
  buyer_token?: () => string | undefined;
  world?: Partial<World>;
}

const PREFIX = '/api/payments/v1/checkout';
const TRIES_MAX = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const POLLS = 5;
const POLL_PAUSE_MS = 2_000;

/**
 * Sends buyers to the payment page and asks what became of it. `api_key` is a publishable key or empty; a secret key
 * has no business in a page and is refused.
 */
export class StripeCheckout {
  readonly #options: CheckoutOptions;
  readonly #api_key: string;
  readonly #world: World;
  readonly #running = new Map<string, Promise<CheckoutSession>>();

  constructor(api_key = '', options: CheckoutOptions = {}) {
    if (/^(?:kassa_)?(?:sk|rk|ak)_/.test(api_key)) {
      throw new TypeError('This is a secret key: it never leaves your server. Use a publishable key or none.');
    }
    this.#api_key = api_key;
    this.#options = options;
    this.#world = { ...ownWorld, ...options.world };
  }

  /**
   * Opens a checkout. The key that makes it happen once is made before the first try and kept until there is an answer:
   * a lost connection, a double click and a reload all end as one order.
   * @throws CheckoutError
   */
  createCheckoutSession(request: CheckoutSessionRequest): Promise<CheckoutSession> {
    const body = JSON.stringify(request);
    const running = this.#running.get(body) ?? this.#create(body).finally(() => this.#running.delete(body));
    this.#running.set(body, running);
    return running;
  }

  /** Where a checkout stands. Safe to ask again. @throws CheckoutError */
  async getCheckoutStatus(session_id: string): Promise<CheckoutStatus> {
    return this.#ask<CheckoutStatus>(`/status/${encodeURIComponent(session_id)}`, { method: 'GET' });
  }

  /**
   * Asks five times, two seconds apart, until the checkout is paid or expired. A refused or lost answer counts as one
   * that says nothing, because the money may be there all the same.
   */
  async pollPaymentStatus(
    session_id: string,
    { polls = POLLS, pause_ms = POLL_PAUSE_MS, onStatus }: PollOptions = {},
  ): Promise<PaymentOutcome> {
    let status: CheckoutStatus | undefined;
    for (let poll = 1; poll <= polls; poll += 1) {
      try {
        status = await this.getCheckoutStatus(session_id);
        onStatus?.(status);
        if (status.payment_status === 'paid') return { outcome: 'paid', status };
        if (status.status === 'expired') return { outcome: 'expired', status };
      } catch (error) {
        if (!(error instanceof CheckoutError) || error.status === 404) throw error;
      }
      if (poll < polls) await this.#world.sleep(pause_ms);
    }
    return { outcome: 'unknown', status };
  }

  async #create(body: string): Promise<CheckoutSession> {
    const { memory, newKey, sleep } = this.#world;
    const name = `kassa checkout ${body}`;
    const key = memory.getItem(name) ?? newKey();
    memory.setItem(name, key);
    for (let tries = 1; ; tries += 1) {
      try {
        const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
        const session = await this.#ask<CheckoutSession>('/session', { method: 'POST', headers, body });
        memory.removeItem(name);
        return session;
      } catch (error) {
        if (!(error instanceof CheckoutError)) throw error;
        if (!mayChange(error)) memory.removeItem(name);
        if (!mayChange(error) || tries === TRIES_MAX) throw error;
        await sleep(pauseBefore(tries, error));
      }
    }
  }

  async #ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
    const token = this.#options.buyer_token?.() ?? this.#api_key;
    const headers = { ...init.headers, ...(token === '' ? {} : { Authorization: `Bearer ${token}` }) };
    const { base_url = '' } = this.#options;
    let answer: Response;
    try {
      answer = await this.#world.fetch(base_url + PREFIX + path, { ...init, headers });
    } catch (error) {
      throw new CheckoutError('The shop cannot be reached.', { status: 0, code: 'NETWORK' }, error);
    }
    const told = await readJson(answer);
    if (answer.ok) return told as Answer;
    const { error = 'Something went wrong.', code = 'UNKNOWN', details = {} } = told as Partial<Told>;
    const request_id = answer.headers.get('Request-Id');
    const retry_after_s = Number(answer.headers.get('Retry-After') ?? Number.NaN);
    const more = Number.isFinite(retry_after_s) ? { ...details, retry_after_s } : details;
    throw new CheckoutError(error, { status: answer.status, code, details: more, request_id });
  }
}

export interface PollOptions {
  polls?: number;
  pause_ms?: number;
  onStatus?: (status: CheckoutStatus) => void;
}

interface Told {
  error: string;
  code: string;
  details: Record<string, unknown>;
}

/** An answer that another try with the same key may change. */
function mayChange({ status, code }: CheckoutError): boolean {
  return status === 0 || status === 429 || status >= 500 || code === 'IDEMPOTENCY_KEY_IN_USE';
}

function pauseBefore(tries: number, { details }: CheckoutError): number {
  const { retry_after_s } = details;
  if (typeof retry_after_s === 'number') return Math.min(retry_after_s * 1000, LONGEST_PAUSE_MS);
  return Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
}

/** A proxy in between may answer with a page of its own. */
async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const sentence = 'The answer did not come from the shop.';
    throw new CheckoutError(sentence, { status: answer.status >= 400 ? answer.status : 502, code: 'UNKNOWN' }, error);
  }
}
