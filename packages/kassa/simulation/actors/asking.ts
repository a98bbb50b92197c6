import type { Sandbox } from '@kassa/sandbox';
import type { Offer } from '../../src/domain/catalog/index.ts';
import type { HttpHouse } from '../../src/http/house.ts';
import { hashOf } from '../../src/kernel/ids.ts';
import type { Dice } from '../engine/dice.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { Evidence } from '../world/evidence.ts';
import { isAway, type KassaNode } from '../world/node.ts';
import type { Plan } from './plan.ts';
import { lineOf, type Wants } from './wish.ts';

/** What everybody in a run who deals with the shop stands in. */
export interface Street {
  readonly seed: string;
  readonly scheduler: Scheduler;
  readonly sandbox: Sandbox;
  readonly nodes: readonly KassaNode[];
  readonly evidence: Evidence;
  /** Work at the sandbox may have made something due there. */
  readonly touched: () => void;
  /** Writes into the trace what somebody did or saw. */
  readonly tell: (who: string, what: string) => void;
  /** Nothing goes wrong on the way to Stripe in this run. */
  readonly stripe_is_well: boolean;
  /** What is on the shelf; looked up by the first who asks. */
  readonly shelf: { offers: readonly Offer[] | undefined };
}

/** A checkout as its buyer has it. */
export interface Opened {
  readonly url: string | null;
  readonly session_id: string;
}

interface Asking {
  readonly plan: Plan;
  readonly wants: Wants;
  readonly key: string;
  readonly dice: Dice;
}

const TRIES_MAX = 4;
/** Final answers that are nobody's mistake: others were faster, or this buyer may not have it. */
const LASTING_NO = ['sold_out', 'slot_taken', 'coupon_not_valid', 'quote_expired', 'unauthenticated'];
const COME_BACK = ['payment_provider_unavailable', 'idempotency_key_in_use', 'internal_error'];

/** Asks for a checkout until there is one, there is a lasting no, or patience ends. The key stays the same. */
export async function openCheckout(street: Street, asking: Asking): Promise<Opened | undefined> {
  const { plan, dice } = asking;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    await street.scheduler.point('opens a checkout');
    const ask = (): Promise<Opened | 'again' | 'no'> => askOnce(street, asking);
    const [answer = 'again', second] =
      plan.double_click && tries === 0 ? await Promise.all([ask(), ask()]) : [await ask()];
    const best = answer === 'again' && second !== undefined ? second : answer;
    street.tell(plan.name, typeof best === 'string' ? `hears ${best}` : 'has a session');
    if (best === 'no') return undefined;
    if (best !== 'again') return best;
    await street.scheduler.sleep(dice.pick([500, 2_000, 20_000]));
  }
  return undefined;
}

async function askOnce(street: Street, asking: Asking): Promise<Opened | 'again' | 'no'> {
  const { plan, key, dice } = asking;
  const scope = `anonymous ${plan.name}`;
  try {
    const call = someNode(street, dice).call(({ http }) => startWith(street, http, asking, scope));
    const { body, status } = await call;
    if (plan.keyed && status === 200) noteAnswer(street.evidence, `${scope} ${key}`, body);
    return JSON.parse(body) as Opened;
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    // Only a Stripe that refused can have ended a checkout before its buyer saw it.
    if (LASTING_NO.includes(code) || (code === 'session_not_open' && !street.stripe_is_well)) return 'no';
    // A buyer without a key cannot ask again without the risk of a second order; some do, most read the sentence.
    if (!plan.keyed && !dice.chance(0.3)) return 'no';
    if (COME_BACK.includes(code) || isAway(error)) return 'again';
    throw error;
  }
}

async function startWith(
  { shelf }: Street,
  http: HttpHouse,
  { plan, wants, key }: Asking,
  scope: string,
): ReturnType<HttpHouse['startCheckout']> {
  const offers = shelf.offers ?? (await http.listOffers());
  shelf.offers = offers;
  const { name, user_id, coupon_code } = plan;
  return http.startCheckout({
    contract: 'hosted-checkout',
    presentation: 'hosted',
    lines: [lineOf(wants, offers)],
    buyer: { email: `${name}@example.com`, ...(user_id === null ? {} : { user_id }) },
    ...(coupon_code === undefined ? {} : { coupon_code }),
    ...(plan.use_credits ? { use_credits: true } : {}),
    success_url: 'https://shop.example/thanks?session_id={CHECKOUT_SESSION_ID}',
    metadata: { purchase: key },
    ...(plan.keyed ? { idempotency: { scope, key, request_hash: hashOf(key) } } : {}),
    render: ({ url, session_id }) => ({ url, session_id }),
  });
}

/** O7: every answer that a key got, as bytes. */
export function noteAnswer({ answers }: Evidence, key: string, body: string): void {
  const known = answers.get(key) ?? new Set<string>();
  known.add(body);
  answers.set(key, known);
}

/** One that is up, if any is. */
export function someNode({ nodes }: Pick<Street, 'nodes'>, dice: Dice): KassaNode {
  const up = nodes.filter((node) => node.built() !== undefined);
  return dice.pick(up.length > 0 ? up : nodes);
}
