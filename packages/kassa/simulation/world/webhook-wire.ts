import type { Dice } from '../engine/dice.ts';
import { type Life, newLife } from '../engine/lives.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';
import type { FaultName } from '../faults/kinds.ts';
import type { Evidence } from './evidence.ts';
import { forgeryOf, idIn, paid } from './forgery.ts';

export interface WebhookWorld {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly dice: Dice;
  readonly evidence: Evidence;
  readonly secret: string;
  /** None: the whole run is without webhooks, and Stripe is told that they arrived. */
  readonly webhooks: 'sent' | 'none';
  /** Writes into the trace what happened on the road. */
  readonly tell: (who: string, what: string) => void;
  /** Hands raw bytes and signature to some node; answers its status. @throws when no node is there, or it dies. */
  readonly toSomeNode: (raw: Uint8Array, signature: string | null) => Promise<number>;
}

const FAULTS: readonly FaultName[] = [
  'webhook_repeated',
  'webhook_cloned',
  'webhook_late',
  'webhook_held',
  'webhook_answer_lost',
  'webhook_lost',
  'webhook_never',
  'webhook_foreign',
  'webhook_drifted',
  'webhook_ahead',
];
const MINUTE = 60_000;
/** Far beyond every clock that is set wrong. */
const AHEAD_MS = 60 * MINUTE;

/** The road from Stripe to our webhook address: it loses, repeats, delays and overtakes. */
export function webhookWire(world: WebhookWorld): (request: Request) => Promise<Response> {
  const { scheduler, faults, dice } = world;
  const road: Life = newLife('webhooks');

  const send = async (raw: Uint8Array, signature: string | null): Promise<Response> => {
    const status = await world.toSomeNode(raw, signature);
    if (status >= 200 && status < 300) world.evidence.acknowledged.add(idIn(raw));
    return new Response('', { status });
  };
  const { signed, twin } = forgeryOf(world);
  const again = (raw: Uint8Array, signature: string | null, wait_ms: number): void => {
    scheduler.spawn(road, 'repeat', async () => {
      if (wait_ms > 0) await scheduler.sleep(wait_ms);
      // Nobody on either side hears of it when a repeat fails: the first one was answered for.
      const [end] = await Promise.allSettled([send(raw, signature)]);
      if (end.status === 'rejected') world.tell('webhooks', `a repeat failed: ${nameOf(end.reason)}`);
    });
  };
  const second = (text: string): void => {
    const { raw, signature } = signed(text);
    again(raw, signature, dice.pick([0, 50, 30_000]));
  };
  return async (request) => {
    const raw = new Uint8Array(await request.arrayBuffer());
    const signature = request.headers.get('stripe-signature');
    const where = `webhook ${typeIn(raw)}`;
    return scheduler.within(road, async () => {
      await scheduler.point(where);
      if (world.webhooks === 'none') {
        faults.note('webhook_unheard', where);
        return new Response('', { status: 200 });
      }
      if (faults.away('webhooks')) throw new Error('the road is closed');
      switch (faults.strike('webhook', FAULTS, where)) {
        case 'webhook_never':
          return new Response('', { status: 200 });
        case 'webhook_lost':
          throw new Error('lost on the way');
        case 'webhook_late':
          await scheduler.sleep(dice.below(4 * MINUTE), where);
          return send(raw, signature);
        case 'webhook_held': {
          // Longer than a signature lives: the shop has to refuse it, and Stripe to sign it anew.
          await scheduler.sleep(dice.between(6, 90) * MINUTE, where);
          return send(raw, signature);
        }
        case 'webhook_repeated':
          for (let copy = dice.between(1, 4); copy > 0; copy -= 1)
            again(raw, signature, dice.pick([0, 0, 20, 100_000]));
          return send(raw, signature);
        case 'webhook_cloned':
          second(twin(raw));
          return send(raw, signature);
        case 'webhook_foreign':
          second(paid(twin(raw)).replaceAll('"livemode": false', '"livemode": true'));
          return send(raw, signature);
        case 'webhook_drifted':
          second(paid(twin(raw)).replace(/"api_version": "[^"]+"/, '"api_version": "2019-12-03"'));
          return send(raw, signature);
        case 'webhook_ahead':
          await sendAhead(world, signed(twin(raw), AHEAD_MS));
          return send(raw, signature);
        case 'webhook_answer_lost':
          await send(raw, signature);
          throw new Error('the answer was lost');
        default:
          return send(raw, signature);
      }
    });
  };
}

/** One that nobody may believe: it is signed from the future. */
async function sendAhead(
  { toSomeNode, evidence }: WebhookWorld,
  { raw, signature }: { readonly raw: Uint8Array; readonly signature: string },
): Promise<void> {
  const [end] = await Promise.allSettled([toSomeNode(raw, signature)]);
  if (end.status !== 'fulfilled' || end.value >= 300) return;
  evidence.violations.push({ invariant: 'S3', sentence: 'an event signed an hour ahead was taken in' });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function typeIn(raw: Uint8Array): string {
  return /"type": "([^"]+)"\s*\}\s*$/.exec(new TextDecoder().decode(raw.subarray(-200)))?.[1] ?? 'event';
}
