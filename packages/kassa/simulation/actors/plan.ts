import type { PayOutcome } from '@kassa/sandbox';
import type { Dice } from '../engine/dice.ts';
import type { FaultName } from '../faults/kinds.ts';
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
}

/** Whether a buyer does what a fault of theirs says. */
export type Does = (dice: Dice, fault: FaultName) => boolean;

/** People who come more than once, so that their credits and coupons are asked for twice at the same moment. */
export const REGULARS = ['ann', 'ben', 'cleo'] as const;

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
}

export function planOf(dice: Dice, does: Does, guest: Guest): Plan {
  const { name } = guest;
  const vanishes = does(dice, 'buyer_vanishes');
  const regular = dice.pick(REGULARS);
  const signed_in = dice.chance(0.7);
  const user_id = guest.apart ? name : regular;
  return {
    name,
    user_id: signed_in ? user_id : null,
    arrives_ms: dice.below(8 * MINUTE),
    thinks_ms: dice.pick([0, 200, 5_000, 60_000, 4 * MINUTE]),
    outcome: dice.pick(OUTCOMES),
    card: dice.chance(0.12) ? dice.pick(['pm_card_pendingRefund', 'pm_card_refundFail']) : undefined,
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
  };
}
