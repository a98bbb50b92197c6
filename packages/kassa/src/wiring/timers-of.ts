import { type ClaimedTimer, claimTimers, failTimer, finishTimer, inTransaction, setTimer } from '../database/index.ts';
import { lapseCredits } from '../flows/buyers/lapse-credits.ts';
import { savePaymentMethod } from '../flows/buyers/save-payment-method.ts';
import { expireCheckout } from '../flows/checkout/expire-checkout.ts';
import { finishCheckout } from '../flows/checkout/finish-checkout.ts';
import type { House } from '../flows/house.ts';
import { reconcile } from '../flows/reconcile.ts';
import { sendRefund } from '../flows/refunds/send-refund.ts';
import type { Random } from '../kernel/random.ts';
import type { TimerRound } from '../workflows/run-timers.ts';

/** How long a timer's story may take before another worker takes it over: a call to Stripe with all its repeats. */
const TIMER_LEASE_MS = 120_000;

/** Each kind of timer and the story that it tells; the subject is the id that the story works on. */
export function timersOf(random: Random, house: House): TimerRound<ClaimedTimer> {
  const { db, clock, log } = house;
  return {
    claim: (limit) => claimTimers(db, { at: clock.now(), limit, lease_ms: TIMER_LEASE_MS }),
    async finish(timer) {
      await inTransaction(db, (tx) => finishTimer(tx, timer));
    },
    async fail(timer, error) {
      await failTimer(db, timer, { error, at: clock.now(), random });
    },
    stories: {
      finish_checkout: ({ subject }) => finishCheckout(house, subject),
      expire_checkout: ({ subject }) =>
        expireCheckout(house, subject, { cause: 'timer:expire_checkout', actor: 'kassa' }),
      send_refund: ({ subject }) => sendRefund(house, subject),
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
    },
    log,
  };
}
