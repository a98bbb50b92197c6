import type { Sandbox } from '@kassa/sandbox';
import type { Offer } from '../../src/domain/catalog/index.ts';
import type { BuiltHouse } from '../../src/house-of.ts';
import type { Dice } from '../engine/dice.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { DEEDS } from '../faults/kinds.ts';
import type { Evidence } from '../world/evidence.ts';
import { isAway, type KassaNode } from '../world/node.ts';
import { priceAs, startAs, type Wish } from './command.ts';
import type { Plan } from './plan.ts';
import type { Wants } from './wish.ts';

/** What everybody in a run who deals with the shop stands in. */
export interface Street {
  readonly seed: string;
  readonly scheduler: Scheduler;
  readonly sandbox: Sandbox;
  readonly nodes: readonly KassaNode[];
  readonly evidence: Evidence;
  /** Work at the sandbox may have made something due there. */
  readonly touched: () => void;
  /** Counts what somebody did, beside the faults. */
  readonly count: (deed: keyof typeof DEEDS, who: string) => void;
  /** Writes into the trace what somebody did or saw. */
  readonly tell: (who: string, what: string) => void;
  /** Nothing goes wrong on the way to Stripe in this run. */
  readonly stripe_is_well: boolean;
  /** Writes the configuration anew with higher prices, at the node that is asked. */
  readonly reprice: (built: BuiltHouse) => Promise<void>;
  /** What is on the shelf; looked up by the first who asks. */
  readonly shelf: { offers: readonly Offer[] | undefined };
}

/** A checkout as its buyer has it: Stripe's page, or a payment for a page of the shop. */
export interface Opened {
  readonly order_id: string;
  readonly url: string | null;
  readonly session_id: string | null;
  readonly payment_id: string | null;
  readonly client_secret: string | null;
  readonly total_minor: number;
}

interface Asking {
  readonly plan: Plan;
  readonly wants: Wants;
  readonly key: string;
  readonly dice: Dice;
}

type Asked = Asking & Pick<Wish, 'quote_id'>;

const MINUTE = 60_000;
const TRIES_MAX = 4;
/** Final answers that are nobody's mistake: others were faster, or this buyer may not have it. */
const LASTING_NO = [
  ...['sold_out', 'slot_taken', 'coupon_not_valid', 'quote_expired', 'unauthenticated'],
  // Their own older page was paid in this moment.
  ...['payment_already_succeeded', 'session_not_open'],
];
const COME_BACK = ['payment_provider_unavailable', 'idempotency_key_in_use', 'internal_error'];
/** Some order by a quote that has ended by then. */
const WAITS_BY_QUOTE = [0, 5_000, 9 * MINUTE, 16 * MINUTE];

/** Asks for a checkout until there is one, there is a lasting no, or patience ends. The key stays the same. */
export async function openCheckout(street: Street, asking: Asking): Promise<Opened | undefined> {
  const { plan, dice } = asking;
  const quote_id = plan.quotes_first ? await askPrice(street, asking) : undefined;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    await street.scheduler.point('opens a checkout');
    const ask = (): Promise<Opened | 'again' | 'no'> => askOnce(street, { ...asking, quote_id });
    const [answer = 'again', second] =
      plan.double_click && tries === 0 ? await Promise.all([ask(), ask()]) : [await ask()];
    const best = answer === 'again' && second !== undefined ? second : answer;
    street.tell(plan.name, typeof best === 'string' ? `hears ${best}` : 'has a checkout');
    if (best === 'no') return undefined;
    if (best !== 'again') return best;
    await street.scheduler.sleep(dice.pick([500, 2_000, 20_000]));
  }
  return undefined;
}

/** The page shows what it costs; whoever orders by that price later pays no other. */
async function askPrice(street: Street, asking: Asking): Promise<string | undefined> {
  const { scheduler, evidence, shelf } = street;
  await scheduler.point('asks for a price');
  try {
    const { quote } = await someNode(street, asking.dice).call(async ({ http }) => {
      shelf.offers ??= await http.listOffers();
      return priceAs(http, { ...asking, quote_id: undefined }, shelf.offers);
    });
    evidence.quoted.set(quote.id, { told_minor: quote.total_minor, opened_minor: null });
    await scheduler.sleep(asking.dice.pick(WAITS_BY_QUOTE));
    return quote.id;
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (!LASTING_NO.includes(code) && !isAway(error)) throw error;
    return undefined;
  }
}

async function askOnce(street: Street, asked: Asked): Promise<Opened | 'again' | 'no'> {
  const { plan, key, dice, quote_id } = asked;
  const { evidence, shelf } = street;
  const scope = `anonymous ${plan.name}`;
  try {
    const { body, status } = await someNode(street, dice).call(async ({ http }) => {
      shelf.offers ??= await http.listOffers();
      return startAs(http, asked, { shelf: shelf.offers, scope });
    });
    if (plan.keyed && status === 200) noteAnswer(evidence, `${scope} ${key}`, body);
    const opened = JSON.parse(body) as Opened;
    const quoted = quote_id === undefined ? undefined : evidence.quoted.get(quote_id);
    if (quoted) quoted.opened_minor = opened.total_minor;
    return opened;
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

/** O7: every answer that a key got, as bytes. */
export function noteAnswer({ answers }: Evidence, key: string, body: string): void {
  const known = answers.get(key) ?? new Set<string>();
  known.add(body);
  answers.set(key, known);
}

/** What buyers paid: whoever took money past Kassa looks after it alone, until it is known here. */
export function chargesOfOrders({ sandbox, evidence }: Pick<Street, 'sandbox' | 'evidence'>) {
  return sandbox.books().charges.filter(({ payment_intent }) => !evidence.past_kassa.has(payment_intent ?? ''));
}

/** One that is up, if any is. */
export function someNode({ nodes }: Pick<Street, 'nodes'>, dice: Dice): KassaNode {
  const up = nodes.filter((node) => node.built() !== undefined);
  return dice.pick(up.length > 0 ? up : nodes);
}
