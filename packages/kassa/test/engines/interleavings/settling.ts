import { refreshCheckout } from '../../../src/flows/checkout/refresh-checkout.ts';
import { cancelPayment } from '../../../src/flows/payments/cancel-payment.ts';
import { confirmPayment } from '../../../src/flows/payments/confirm-payment.ts';
import { fetchEvents } from '../../../src/flows/proof/fetch-events.ts';
import { reconcile } from '../../../src/flows/reconcile.ts';
import { EVENT_READERS } from '../../../src/inbox/events/index.ts';
import type { StageShop } from './rewind.ts';
import { type Act, attemptOf, CAUSE, type Cast, hears, paidUnheard, type Scene, type Sold } from './scene.ts';

type Trigger = (of: StageShop, sold: Sold & { readonly attempt_id: string; readonly payment_id: string }) => Act;

/** In these days a comparison lists only what somebody waits for. */
const NARROW = { wide_at: '2999-01-01T00:00:00.000Z', deep_at: '2999-01-01T00:00:00.000Z' };
const EARS = { types: Object.keys(EVENT_READERS), expects_webhooks: true };

/** Everything that asks for `settle` when a buyer has paid. */
const TRIGGERS: Readonly<Record<string, Trigger>> = {
  'a webhook': (of) => hears(of),
  'the return page':
    (_of, { session }) =>
    (house) =>
      refreshCheckout(house, { session_id: session }, 'now'),
  'a poll':
    (_of, { session }) =>
    (house) =>
      refreshCheckout(house, { session_id: session }, 'when_stale'),
  'the comparison': () => (house) => reconcile(house),
  'the comparison of a minute': () => (house) => reconcile(house, NARROW),
  'the list of events': () => (house) => fetchEvents(house, EARS),
  'the end of the hold':
    (_of, { attempt_id }) =>
    (house) =>
      house.expireCheckout(house, attempt_id, CAUSE),
  'a cancellation':
    (_of, { payment_id }) =>
    (house) =>
      cancelPayment(house, { payment_id }, CAUSE),
  'a confirmation':
    (_of, { order_id }) =>
    (house) =>
      confirmPayment(house, { order_id }, CAUSE),
};

/** Told that the money was faster. */
const LATE = ['payment_already_succeeded'];

async function cast(of: StageShop, names: readonly string[]): Promise<Cast> {
  const sold = await paidUnheard(of);
  const { id: attempt_id } = await attemptOf(of, sold);
  const payment_id = String(of.sandbox.control.session(sold.session)?.payment_intent);
  const acts = names.map((name, at) => {
    const trigger = TRIGGERS[name];
    if (!trigger) throw new Error(`there is no trigger ${name}`);
    return [`${String.fromCharCode(65 + at)} ${name}`, trigger(of, { ...sold, attempt_id, payment_id })] as const;
  });
  return {
    acts: Object.fromEntries(acts),
    refusals: LATE,
    look: async () => {
      const status = await of.status(sold);
      return status === 'paid' ? [] : [`the order that was paid for is ${status}`];
    },
  };
}

const WIDE = 'the comparison';
const OF_A_MINUTE = 'the comparison of a minute';
const names = Object.keys(TRIGGERS).filter((name) => name !== OF_A_MINUTE);

/**
 * Each trigger beside each, itself included. Two comparisons that list everything tell each other apart in each of
 * their lists, in more orders than can be played: two of them do what is done every minute.
 */
const BESIDE = names.flatMap((one, at) => names.slice(at).map((other) => [one, other] as const));
const OF_TWO = BESIDE.map((both) =>
  both.every((name) => name === WIDE) ? ([OF_A_MINUTE, OF_A_MINUTE] as const) : both,
);

export const SETTLING: readonly Scene[] = OF_TWO.map(
  ([one, other]): Scene => ({
    name: `${one} and ${one === other ? 'another one' : other} find the same payment at once: it is settled once`,
    one_end: true,
    set: (of) => cast(of, [one, other]),
  }),
);

/** So many triggers at once. */
export const crowdOf = (chosen: readonly string[]): Scene => ({
  name: `${chosen.join(', ')} at once`,
  one_end: true,
  set: (of) => cast(of, chosen),
});

export const TRIGGER_NAMES = names;
