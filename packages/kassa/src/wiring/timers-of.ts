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
} from '../database/index.ts';
import { completeAppointment } from '../flows/appointments/complete-appointment.ts';
import { lapseCredits } from '../flows/buyers/lapse-credits.ts';
import { savePaymentMethod } from '../flows/buyers/save-payment-method.ts';
import { expireCheckout } from '../flows/checkout/expire-checkout.ts';
import { finishCheckout } from '../flows/checkout/finish-checkout.ts';
import type { House } from '../flows/house.ts';
import { reconcile } from '../flows/reconcile.ts';
import { sendRefund } from '../flows/refunds/send-refund.ts';
import type { Random } from '../kernel/random.ts';
import type { TimerRound, TimerStory } from '../workflows/run-timers.ts';

/** Each kind of timer and the story that it tells; the subject is the id that the story works on. */
export function timersOf(random: Random, house: House, holding: Holding): TimerRound<ClaimedTimer> {
  const { db, clock, log } = house;
  const { lease_ms } = holding;
  return {
    claim: (limit) => claimTimers(db, { at: clock.now(), limit, lease_ms }),
    async finish(timer) {
      await inTransaction(db, (tx) => finishTimer(tx, timer));
    },
    async fail(timer, error) {
      await failTimer(db, timer, { error, at: clock.now(), random });
    },
    stories: held(house, holding, storiesOf(house)),
    log,
  };
}

function storiesOf(house: House): TimerRound<ClaimedTimer>['stories'] {
  const { db, clock } = house;
  return {
    finish_checkout: ({ subject }) => finishCheckout(house, subject),
    expire_checkout: ({ subject }) =>
      expireCheckout(house, subject, { cause: 'timer:expire_checkout', actor: 'kassa' }),
    send_refund: ({ subject }) => sendRefund(house, subject),
    appointment_ends: ({ subject }) => completeAppointment(house, subject),
    lapse_credits: ({ subject }) => lapseCredits(house, subject),
    save_payment_method: ({ subject }) => savePaymentMethod(house, subject),
    async reconcile({ subject, kind, payload }) {
      try {
        await reconcile(house, payload);
      } catch (error) {
        // Stripe may be away for hours, and the pauses of a failed timer grow; this one keeps its pace.
        const due_at = new Date(clock.now().getTime() + house.pace.reconcile_every_ms);
        await inTransaction(db, (tx) => setTimer(tx, { subject, kind, due_at }));
        throw error;
      }
    },
  };
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
