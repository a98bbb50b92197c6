import type { PayOutcome } from '@kassa/sandbox';
import { type Dice, diceOf } from '../engine/dice.ts';
import type { FaultName } from '../faults/kinds.ts';
import type { Way } from '../faults/mix.ts';
import { type Wants, wantsOf } from './wish.ts';

/** What a buyer will do, drawn before the first step: nothing that happens changes who they are. */
export interface Plan {
  readonly name: string;
  /** Signed in as this person; several buyers may be one. */
  readonly user_id: string | null;
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
  readonly coupon_code: string | undefined;
  readonly use_credits: boolean;
  /** What each tab asks for. */
  readonly tabs: readonly Wants[];
  /** Chooses a second thing for the basket, if the shop has one that needs no time and no parts. */
  readonly also: number | null;
  readonly way: Way;
  /** Asks what it costs, and orders later by the quote. */
  readonly quotes_first: boolean;
  readonly saves_method: boolean;
  /** Pays with a method that was kept before, if there is one. */
  readonly uses_saved: boolean;
  /** The page of the shop says that it was paid, and asks to look. */
  readonly confirms: boolean;
  /** Changes its mind instead of paying. */
  readonly cancels: boolean;
}

/** What a buyer can leave out, by its name in a mix's `without`. */
const LEFT_OUT: Readonly<Record<string, Partial<Plan>>> = {
  second_tab: { second_tab: false },
  double_click: { double_click: false },
  looks: { looks: 0, watches: false },
  declines: { declines: 0 },
  quotes: { quotes_first: false },
  kept_methods: { saves_method: false, uses_saved: false },
  confirming: { confirms: false },
  credits: { use_credits: false },
  coupons: { coupon_code: undefined },
  second_thing: { also: null },
};
export const HABITS: readonly string[] = Object.keys(LEFT_OUT);

/** Whether a buyer does what a fault of theirs says. */
export type Does = (dice: Dice, fault: FaultName) => boolean;

/** People who come more than once, so that their credits and coupons are asked for twice at the same moment. */
const REGULARS = ['ann', 'ben', 'cleo'] as const;

/** As many more of them as there are shares of the shop. */
export function regularsOf(shares: number): readonly string[] {
  return Array.from({ length: shares }, (_, at) => REGULARS.map((name) => (at === 0 ? name : `${name}_${at}`))).flat();
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
const TABS_MAX = 2;

/** What the shop knows of a buyer before they come. */
export interface Guest {
  readonly name: string;
  readonly number: number;
  /** Nobody shares anything with anybody: who comes first must not matter in this run. */
  readonly apart: boolean;
  readonly coupons: readonly string[];
  /** How many shares of the shop there are, one for every ten buyers. */
  readonly shares: number;
  readonly ways: readonly Way[];
  /** For everything that is drawn apart from the rest. */
  readonly seed: string;
  /** Habits that nobody has in this run. */
  readonly without: readonly string[];
}

const CARDS = [
  'pm_card_pendingRefund',
  'pm_card_refundFail',
  'pm_card_refundFail',
  'pm_card_createDispute',
  'pm_card_createDisputeInquiry',
  'pm_card_createIssuerFraudRecord',
];
/** In the shops where everybody keeps apart, the cards that tell nobody's bank anything. */
const QUIET_CARDS = CARDS.slice(0, 3);

export function planOf(dice: Dice, does: Does, guest: Guest): Plan {
  const plan = drawPlan(dice, does, guest);
  return guest.without.reduce((left, habit) => ({ ...left, ...LEFT_OUT[habit] }), plan);
}

function drawPlan(dice: Dice, does: Does, guest: Guest): Plan {
  const { name } = guest;
  const vanishes = does(dice, 'buyer_vanishes');
  const regular = dice.pick(regularsOf(guest.shares));
  const signed_in = dice.chance(0.7);
  const user_id = guest.apart ? name : regular;
  return {
    name,
    user_id: signed_in ? user_id : null,
    arrives_ms: dice.below(8 * MINUTE),
    thinks_ms: dice.pick([0, 200, 5_000, 60_000, 4 * MINUTE]),
    outcome: dice.pick(OUTCOMES),
    card: dice.chance(0.25) ? dice.pick(guest.apart ? QUIET_CARDS : CARDS) : undefined,
    declines: dice.chance(0.2) ? dice.between(1, 2) : 0,
    looks: dice.between(0, 3),
    double_click: does(dice, 'double_click'),
    second_tab: does(dice, 'two_tabs'),
    pays_late: does(dice, 'pays_late'),
    leaves_after: vanishes ? dice.below(4) : 9,
    keyed: dice.chance(0.8),
    watches: dice.chance(0.3),
    coupon_code: guest.coupons.length > 0 && dice.chance(0.4) ? dice.pick(guest.coupons) : undefined,
    use_credits: dice.chance(0.6),
    tabs: Array.from({ length: TABS_MAX }, () => wantsOf(dice, guest)),
    ...wayOf(diceOf(`${guest.seed}/${name}/way`), guest, signed_in),
  };
}

type WayPlan = Pick<Plan, 'also' | 'way' | 'quotes_first' | 'saves_method' | 'uses_saved' | 'confirms' | 'cancels'>;

/** A booking is for somebody who is signed in; whoever is not comes by a chat. */
function wayOf(dice: Dice, { ways, apart }: Guest, signed_in: boolean): WayPlan {
  const drawn = dice.pick(ways);
  const way = drawn === 'booking' && !signed_in ? 'chat' : drawn;
  const own_page = way !== 'page';
  return {
    also: dice.chance(0.35) ? dice.below(1_000) : null,
    way,
    quotes_first: way === 'booking' && dice.chance(0.5),
    saves_method: way === 'booking' && dice.chance(0.4),
    uses_saved: way === 'booking' && dice.chance(0.3),
    confirms: way === 'booking' && dice.chance(0.7),
    // Between a bank that thinks and a buyer who changes their mind there is a race, which nobody needs to win twice.
    cancels: own_page && !apart && dice.chance(0.15),
  };
}
