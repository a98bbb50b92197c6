import type { Sandbox } from '@kassa/sandbox';
import type { Http } from '../../src/kernel/http.ts';
import type { Dice } from '../engine/dice.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';
import type { FaultName } from '../faults/kinds.ts';

export interface WireWorld {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly dice: Dice;
  readonly sandbox: Sandbox;
  /** Work at the sandbox may have made something due there. */
  readonly touched: () => void;
  /** Ends the node whose code is running. */
  readonly crashHere: () => Promise<void>;
}

const WRITE_FAULTS: readonly FaultName[] = [
  'http_not_sent',
  'http_no_answer',
  'http_half_answer',
  'http_slow',
  'http_500_without_effect',
  'http_500_with_effect',
  'http_429',
  'http_409',
];
const READ_FAULTS: readonly FaultName[] = [
  'http_not_sent',
  'http_no_answer',
  'http_half_answer',
  'http_slow',
  'http_500_without_effect',
  'http_429',
];
const SLOW_MS_MAX = 45_000;
/** What is on its way longer has been dropped: its connection is gone. */
const ON_ITS_WAY_MS_MAX = 60_000;

/**
 * The network between a node and Stripe. Whether the call has its effect and whether its answer arrives are two
 * independent questions, as on every real network.
 */
export function stripeWire({ scheduler, faults, dice, sandbox, touched, crashHere }: WireWorld): Http {
  return async (request, leaving) => {
    const where = `stripe ${request.method} ${plainPath(new URL(request.url).pathname)}`;
    await scheduler.point(where);
    if (faults.strike('node', ['node_crashed'], where)) await crashHere();
    leaving?.();
    const left_at = scheduler.now();
    if (faults.away('stripe')) {
      faults.note('stripe_away', where);
      return refusal(503, 'api_error');
    }
    const fault = faults.strike('http', request.method === 'POST' ? WRITE_FAULTS : READ_FAULTS, where);
    if (fault === 'http_not_sent') throw broken();
    if (fault === 'http_500_without_effect') return refusal(500, 'api_error');
    if (fault === 'http_429') return refusal(429, 'rate_limit');
    if (fault === 'http_409') return refusal(409, 'idempotency_key_in_use');
    const key = request.headers.get('idempotency-key');
    if (fault === 'http_500_with_effect' && key !== null) {
      // Stripe keeps the failure under the key and answers every repeat with it, so the sandbox has to make it.
      sandbox.control.addFault({
        match: { idempotency_key: key },
        fault: { when: 'after', kind: 'error', status: 500, should_retry: false },
      });
    }
    if (fault === 'http_slow' && dice.chance(0.5))
      await orAborted(request, scheduler.sleep(dice.below(SLOW_MS_MAX), where));
    if (scheduler.now() - left_at > ON_ITS_WAY_MS_MAX) throw broken();
    const answer = await scheduler.aside(() => sandbox.fetch(request));
    touched();
    if (faults.strike('node', ['node_crashed'], `${where} answered`)) await crashHere();
    if (fault === 'http_no_answer') return lostAnswer(request);
    if (fault === 'http_half_answer') return half(await answer.text());
    if (fault === 'http_slow') await orAborted(request, scheduler.sleep(dice.below(SLOW_MS_MAX), where));
    await scheduler.point(`${where} answered`);
    return answer;
  };

  async function lostAnswer(request: Request): Promise<Response> {
    if (dice.chance(0.5)) throw broken();
    // Nobody says anything: the client's own time limit ends the wait.
    await orAborted(request, scheduler.sleep(10 * 60_000, 'silence'));
    throw broken();
  }
}

/** Ids say nothing about which call it is. */
function plainPath(path: string): string {
  return path.replace(/\/(cs|re|pi|ch|evt)_[^/]+/g, '/:$1');
}

function broken(): Error {
  return Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  });
}

/** As the real fetch does: a client that gives up hears of it at once. */
async function orAborted(request: Request, wait: Promise<void>): Promise<void> {
  const { signal } = request;
  await Promise.race([
    wait,
    new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    }),
  ]);
}

function refusal(status: number, code: string): Response {
  const error = {
    type: status >= 500 ? 'api_error' : 'invalid_request_error',
    code,
    message: `the network answered ${status}`,
  };
  const headers = { 'content-type': 'application/json', 'request-id': 'req_simulated', 'stripe-should-retry': 'false' };
  return new Response(JSON.stringify({ error }), { status, headers });
}

/** The line went while the body was on its way. */
function half(text: string): Response {
  const bytes = new TextEncoder().encode(text.slice(0, Math.floor(text.length / 2)));
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.error(broken());
    },
  });
  return new Response(body, { status: 200, headers: { 'content-type': 'application/json' } });
}
