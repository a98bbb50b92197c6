import { SANDBOX_VERSION } from '../kernel/options.ts';
import type { Outcome, Target, World } from '../store/world.ts';
import { post, systemClock, withTimeout } from '../system.ts';
import { eventBody } from './events.ts';
import type { Plan } from './plan.ts';
import { signatureHeader } from './sign.ts';
import { reachable } from './targets.ts';

export interface Delivery {
  seq: number;
  event_id: string;
  target: string;
  attempts: number;
  plan: Plan;
}

/** What the delivery log keeps of a reply; the rest is not even read. */
const REPLY_BYTES = 2048;
const TIMEOUT_MS = 20_000;

/** One attempt. Never throws for anything that the receiver does. */
export async function send(
  world: World,
  delivery: Delivery & { began_ms: number },
  target: Target,
  ending: AbortSignal,
): Promise<Outcome> {
  const { deliver } = world.options;
  if (isDown(world)) return { status: null, reply: 'outage' };
  if (!target.push && !deliver && !reachable(target.url, world.options.allowHosts ?? [])) {
    return { status: null, reply: 'refused: webhooks are sent to this machine only' };
  }
  const row = world.database.one('select json from events where id = ?', delivery.event_id);
  const body = eventBody(String(row?.json));
  const headers = headersFor(world, delivery, target, body);
  const timeout_ms = world.options.deliveryTimeoutMs ?? TIMEOUT_MS;
  try {
    if (target.push) return await withTimeout(target.push({ delivery, body, headers }), timeout_ms);
    const request = new Request(target.url, { method: 'POST', headers, body });
    const answered = deliver ? deliver(request).then(outcomeOf) : post(request, timeout_ms, ending).then(outcomeOf);
    return await withTimeout(answered, timeout_ms);
  } catch (error) {
    // The outcome is the record: it stands in the attempts and the delivery is tried again.
    return { status: null, reply: String(error).slice(0, REPLY_BYTES) };
  }
}

function isDown(world: World): boolean {
  const now = world.clock.now();
  return (world.chaos?.outages ?? []).some(
    ({ what, from, to }) => (what === 'webhooks' || what === 'all') && from <= now && now < to,
  );
}

/** Only 2xx counts, and only the beginning of what it says is read: a receiver may talk for ever. */
async function outcomeOf(response: Response): Promise<Outcome> {
  const chunks: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (let size = 0; reader && size < REPLY_BYTES; ) {
    const { value, done } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  await reader?.cancel();
  const reply = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, REPLY_BYTES));
  return { status: response.status, reply };
}

function headersFor(world: World, delivery: Delivery, target: Target, body: string): Record<string, string> {
  const signWith = world.options.signWith ?? (world.options.deliver && !target.push ? 'clock' : 'wall');
  const now_ms = signWith === 'clock' ? world.clock.now() : systemClock().now();
  const t = Math.floor(now_ms / 1000) - (delivery.plan.stale_s ?? 0);
  const wrong = ['whsec_not_the_secret_of_this_receiver'];
  const secrets = delivery.plan.wrong_secret ? wrong : target.secretsAt(world.clock.now());
  const signature = signatureHeader(delivery.plan.corrupt ? `${body} ` : body, t, secrets);
  return {
    'content-type': 'application/json; charset=utf-8',
    'stripe-signature': signature,
    'user-agent': `Stripe/1.0 (+sandbox ${SANDBOX_VERSION})`,
  };
}
