import type { PayOutcome, Sandbox } from '@kassa/sandbox';
import type { Offer } from '../../src/domain/catalog/index.ts';
import type { Ask } from '../../src/flows/checkout/refresh-checkout.ts';
import type { BuiltHouse } from '../../src/house-of.ts';
import { hashOf } from '../../src/kernel/ids.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { FaultName } from '../faults/kinds.ts';
import type { Evidence } from '../world/evidence.ts';
import type { KassaNode } from '../world/node.ts';

export interface BuyerWorld {
  readonly seed: string;
  readonly scheduler: Scheduler;
  readonly sandbox: Sandbox;
  readonly nodes: readonly KassaNode[];
  readonly evidence: Evidence;
  /** Whether a buyer does this; decided by the buyer's own dice, so that two runs have the same buyers. */
  readonly does: (dice: Dice, fault: FaultName, where: string) => boolean;
  readonly touched: () => void;
  readonly tell: (who: string, what: string) => void;
  /** Nothing goes wrong on the way to Stripe in this run. */
  readonly stripe_is_well: boolean;
  /** What is on the shelf; looked up by the first buyer. */
  readonly shelf: { offers: readonly Offer[] | undefined };
}

/** What a buyer will do, drawn before the first step: nothing that happens changes who they are. */
interface Plan {
  readonly name: string;
  readonly arrives_ms: number;
  readonly thinks_ms: number;
  readonly outcome: PayOutcome;
  readonly card: string | undefined;
  readonly declines: number;
  readonly looks: number;
  readonly double_click: boolean;
  readonly second_tab: boolean;
  readonly pays_late: boolean;
  /** After which step the buyer is gone: 0 opened, 1 thought, 2 paid, 3 looked; 9 stays. */
  readonly leaves_after: number;
  readonly keyed: boolean;
  readonly watches: boolean;
}

const OUTCOMES: readonly PayOutcome[] = [
  'pays',
  'pays',
  'pays',
  'pays',
  'closes after paying',
  'pays later',
  'pays later, then fails',
  'needs 3-D Secure',
  'abandons',
];
const MINUTE = 60_000;
const TRIES_MAX = 4;
const SESSION_MS = 31 * MINUTE;

function planOf(world: BuyerWorld, dice: Dice, name: string): Plan {
  const vanishes = world.does(dice, 'buyer_vanishes', name);
  return {
    name,
    arrives_ms: dice.below(8 * MINUTE),
    thinks_ms: dice.pick([0, 200, 5_000, 60_000, 4 * MINUTE]),
    outcome: dice.pick(OUTCOMES),
    card: dice.chance(0.12) ? dice.pick(['pm_card_pendingRefund', 'pm_card_refundFail']) : undefined,
    declines: dice.chance(0.2) ? dice.between(1, 2) : 0,
    looks: dice.between(0, 3),
    double_click: world.does(dice, 'double_click', name),
    second_tab: world.does(dice, 'two_tabs', name),
    pays_late: world.does(dice, 'pays_late', name),
    leaves_after: vanishes ? dice.below(4) : 9,
    keyed: dice.chance(0.8),
    watches: dice.chance(0.3),
  };
}

interface Opened {
  readonly url: string | null;
  readonly session_id: string;
}

/** Sends one buyer into the shop. Ends when the buyer is done, or gone. */
export function sendBuyer(world: BuyerWorld, number: number): void {
  const { scheduler } = world;
  const name = `buyer_${number}`;
  const dice = diceOf(`${world.seed}/${name}`);
  const plan = planOf(world, dice, name);
  const life = newLife(name);
  scheduler.spawn(life, 'buys', async () => {
    await scheduler.sleep(plan.arrives_ms);
    world.evidence.purchases += 1;
    const tabs = [visit(world, plan, diceOf(`${world.seed}/${name}/tab 1`), 1)];
    if (plan.second_tab) tabs.push(visit(world, plan, diceOf(`${world.seed}/${name}/tab 2`), 2));
    await Promise.all(tabs);
  });
}

async function visit(world: BuyerWorld, plan: Plan, dice: Dice, tab: number): Promise<void> {
  const { scheduler } = world;
  const opened = await openCheckout(world, plan, dice, tab);
  if (!opened || plan.leaves_after === 0) return;
  await scheduler.sleep(plan.pays_late ? SESSION_MS - dice.below(2 * MINUTE) : plan.thinks_ms);
  if (plan.leaves_after === 1) return;
  // Some pages ask for the status all the while, also in the moment in which the money moves.
  const [paid] = await Promise.all([
    pay(world, plan, opened),
    plan.watches ? look(world, dice, opened, 'now') : undefined,
  ]);
  if (plan.leaves_after === 2 || (paid && plan.outcome === 'closes after paying')) return;
  for (let looks = 0; looks < plan.looks; looks += 1) {
    await look(world, dice, opened);
    await scheduler.sleep(dice.pick([0, 1_500, 4_000]));
  }
}

/** Asks for a checkout until there is one, there is a lasting no, or patience ends. The key stays the same. */
async function openCheckout(world: BuyerWorld, plan: Plan, dice: Dice, tab: number): Promise<Opened | undefined> {
  const { scheduler } = world;
  const key = `${plan.name}/${tab}`;
  const wish = { at: dice.below(1_000), quantity: dice.between(1, 2), amount: dice.between(500, 50_000) };
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    await scheduler.point('opens a checkout');
    const ask = (): Promise<Opened | 'again' | 'no'> => askOnce(world, plan, { key, wish, dice });
    const [answer = 'again', second] =
      plan.double_click && tries === 0 ? await Promise.all([ask(), ask()]) : [await ask()];
    const best = answer === 'again' && second !== undefined ? second : answer;
    world.tell(plan.name, typeof best === 'string' ? `hears ${best}` : 'has a session');
    if (best === 'no') return undefined;
    if (best !== 'again') return best;
    await scheduler.sleep(dice.pick([500, 2_000, 20_000]));
  }
  return undefined;
}

interface Asking {
  readonly key: string;
  readonly wish: { readonly at: number; readonly quantity: number; readonly amount: number };
  readonly dice: Dice;
}

async function askOnce(world: BuyerWorld, plan: Plan, { key, wish, dice }: Asking): Promise<Opened | 'again' | 'no'> {
  const scope = `anonymous ${plan.name}`;
  try {
    const { body, status } = await someNode(world, dice).call(async ({ http }) => {
      const offers = world.shelf.offers ?? (await http.listOffers());
      world.shelf.offers = offers;
      const offer = offers[wish.at % offers.length] as Offer;
      const bounded = offer.prices[0]?.unit_minor === null;
      return http.startCheckout({
        contract: 'hosted-checkout',
        presentation: 'hosted',
        lines: [
          {
            offer_id: offer.id,
            ...(bounded
              ? { quantity: 1, amount_minor: wish.amount }
              : { quantity: Math.min(wish.quantity, offer.max_per_order) }),
          },
        ],
        buyer: { email: `${plan.name}@example.com` },
        success_url: 'https://shop.example/thanks?session_id={CHECKOUT_SESSION_ID}',
        metadata: { purchase: key },
        ...(plan.keyed ? { idempotency: { scope, key, request_hash: hashOf(key) } } : {}),
        render: ({ url, session_id }) => ({ url, session_id }),
      });
    });
    if (plan.keyed && status === 200) noteAnswer(world.evidence, `${scope} ${key}`, body);
    return JSON.parse(body) as Opened;
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string };
    // Only a Stripe that refused can have ended a checkout before its buyer saw it.
    if (code === 'sold_out' || (code === 'session_not_open' && !world.stripe_is_well)) return 'no';
    // A buyer without a key cannot ask again without the risk of a second order; some do, most read the sentence.
    if (!plan.keyed && !dice.chance(0.3)) return 'no';
    if (code === 'payment_provider_unavailable' || code === 'idempotency_key_in_use' || code === 'internal_error')
      return 'again';
    if (name === 'Died' || name === 'Refused' || name === 'DatabaseUnavailable' || name === 'CommitUnknown')
      return 'again';
    if (isLoss(error)) return 'again';
    throw error;
  }
}

/** The connection behind a single statement went; the real server answers 503 to it. */
export function isLoss(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ECONNRESET' || code === '40001' || code === '40P01' || code === '55P03';
}

function noteAnswer({ answers }: Evidence, key: string, body: string): void {
  const known = answers.get(key) ?? new Set<string>();
  known.add(body);
  answers.set(key, known);
}

async function pay(world: BuyerWorld, plan: Plan, { session_id, url }: Opened): Promise<boolean> {
  const { sandbox, scheduler, tell } = world;
  if (url === null) return false;
  const email = `${plan.name}@example.com`;
  await scheduler.point('at the payment page');
  try {
    for (let declined = 0; declined < plan.declines; declined += 1) {
      await sandbox.control.pay(session_id, { outcome: 'declined', email });
      await scheduler.sleep(3_000);
    }
    const card = plan.card !== undefined && plan.outcome === 'pays' ? { payment_method: plan.card } : {};
    const { result, session } = await sandbox.control.pay(session_id, { outcome: plan.outcome, email, ...card });
    const intent = session.payment_intent;
    if (result === 'requires_action' && intent !== null) {
      await scheduler.sleep(20_000);
      await sandbox.control.authenticate(intent, 'complete');
    }
    tell(plan.name, `${plan.outcome}: ${result}`);
    return true;
  } catch (error) {
    // The page says that this session has ended; there is nothing to pay any more.
    if ((error as Error).name !== 'ApiFailure' && (error as { status?: number }).status === undefined) throw error;
    tell(plan.name, 'finds the page closed');
    return false;
  } finally {
    world.touched();
  }
}

async function look(world: BuyerWorld, dice: Dice, { session_id }: Opened, asked?: Ask): Promise<void> {
  await world.scheduler.point('looks at the status');
  try {
    const ask = asked ?? dice.pick<Ask>(['when_stale', 'when_stale', 'now', 'never']);
    const view = await someNode(world, dice).call((built: BuiltHouse) =>
      built.http.refreshCheckout({ session_id }, ask),
    );
    if (!view) return world.tell('shop', `does not know ${session_id}`);
    const seen = world.evidence.seen.get(session_id) ?? [];
    seen.push(`${view.status}/${view.payment_status}`);
    world.evidence.seen.set(session_id, seen);
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string };
    const expected = ['Died', 'Refused', 'DatabaseUnavailable', 'CommitUnknown'].includes(name ?? '');
    if (!expected && code !== 'payment_provider_unavailable' && !isLoss(error)) throw error;
  }
}

function someNode({ nodes }: BuyerWorld, dice: Dice): KassaNode {
  const up = nodes.filter((node) => node.built() !== undefined);
  return dice.pick(up.length > 0 ? up : nodes);
}
