import {
  type ClaimedTimer,
  claimTimers,
  failTimer,
  finishTimer,
  type Holding,
  holdingOn,
  inTransaction,
  renewTimer,
  setTimer,
  type Timer,
} from '../database/index.ts';
import { completeAppointment } from '../flows/appointments/complete-appointment.ts';
import { lapseCredits } from '../flows/buyers/lapse-credits.ts';
import { savePaymentMethod } from '../flows/buyers/save-payment-method.ts';
import { expireCheckout } from '../flows/checkout/expire-checkout.ts';
import { finishCheckout } from '../flows/checkout/finish-checkout.ts';
import type { House } from '../flows/house.ts';
import { type Ears, fetchEvents } from '../flows/proof/fetch-events.ts';
import { reconcile } from '../flows/reconcile.ts';
import { sendRefund } from '../flows/refunds/send-refund.ts';
import { closeDays } from '../flows/upkeep/close-days.ts';
import { forgetBodies } from '../flows/upkeep/forget-bodies.ts';
import type { Random } from '../kernel/random.ts';
import type { TimerRound, TimerStory } from '../workflows/run-timers.ts';

/** A month that could not be had at once is let go an hour later. */
const FORGET_AGAIN_MS = 60 * 60_000;
/** Until a day is summed, reports read its entries: right, and slower. */
const CLOSE_AGAIN_MS = 10 * 60_000;

/** How timers are held on to, and what the shop listens to at Stripe. */
export interface TimerWorld {
  readonly random: Random;
  readonly holding: Holding;
  readonly ears: Ears;
  /** How long the bodies of events are kept, in milliseconds. */
  readonly event_bodies_ms: number;
}

/** Each kind of timer and the story that it tells; the subject is the id that the story works on. */
export function timersOf(house: House, world: TimerWorld): TimerRound<ClaimedTimer> {
  const { db, clock, log } = house;
  const { random, holding } = world;
  const { lease_ms } = holding;
  return {
    claim: (limit) => claimTimers(db, { at: clock.now(), limit, lease_ms }),
    async finish(timer) {
      await inTransaction(db, (tx) => finishTimer(tx, timer));
    },
    async fail(timer, error) {
      await failTimer(db, timer, { error, at: clock.now(), random });
    },
    stories: held(house, holding, storiesOf(house, world)),
    log,
  };
}

function storiesOf(house: House, { ears, event_bodies_ms: kept_ms }: TimerWorld): TimerRound<ClaimedTimer>['stories'] {
  return {
    finish_checkout: ({ subject }) => finishCheckout(house, subject),
    expire_checkout: ({ subject }) =>
      expireCheckout(house, subject, { cause: 'timer:expire_checkout', actor: 'kassa' }),
    send_refund: ({ subject }) => sendRefund(house, subject),
    appointment_ends: ({ subject }) => completeAppointment(house, subject),
    lapse_credits: ({ subject }) => lapseCredits(house, subject),
    save_payment_method: ({ subject }) => savePaymentMethod(house, subject),
    reconcile: (timer) => atItsPace(house, timer, house.pace.reconcile_every_ms, () => reconcile(house, timer.payload)),
    fetch_events: (timer) =>
      atItsPace(house, timer, house.pace.fetch_events_every_ms, () => fetchEvents(house, ears, timer.payload)),
    close_days: (timer) => atItsPace(house, timer, CLOSE_AGAIN_MS, () => closeDays(house)),
    forget_bodies: (timer) => atItsPace(house, timer, FORGET_AGAIN_MS, () => forgetBodies(house, { kept_ms })),
  };
}

/** Stripe may be away for hours, and the pauses of a failed timer grow; these keep their pace, and what they knew. */
async function atItsPace(
  { db, clock }: House,
  { subject, kind, payload }: ClaimedTimer,
  every_ms: number,
  story: () => Promise<unknown>,
): Promise<void> {
  try {
    await story();
  } catch (error) {
    const due_at = new Date(clock.now().getTime() + every_ms);
    await inTransaction(db, (tx) => setTimer(tx, { subject, kind, due_at, payload: payload as Timer['payload'] & {} }));
    throw error;
  }
}

/** Each story keeps its timer for as long as it takes. */
function held(house: House, holding: Holding, stories: TimerRound<ClaimedTimer>['stories']): typeof stories {
  const { db, clock, log } = house;
  const hold =
    (story: TimerStory<ClaimedTimer>): TimerStory<ClaimedTimer> =>
    (timer) => {
      const renew = (longer_ms: number): Promise<boolean> => renewTimer(db, timer, longer_ms);
      return holdingOn({ holding, clock, log, renew }, () => story(timer));
    };
  return Object.fromEntries(Object.entries(stories).map(([kind, story]) => [kind, hold(story)]));
}
