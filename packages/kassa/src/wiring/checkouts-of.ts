import { answerOnce } from '../flows/checkout/answer-once.ts';
import { fillOrder } from '../flows/checkout/fill-order.ts';
import { readStanding } from '../flows/checkout/read-standing.ts';
import { refreshCheckout } from '../flows/checkout/refresh-checkout.ts';
import { replayAnswer } from '../flows/checkout/replay-answer.ts';
import type { House } from '../flows/house.ts';
import type { HttpHouse } from '../http/house.ts';

type CheckoutStories = Pick<
  HttpHouse,
  'answerOnce' | 'replayAnswer' | 'refreshCheckout' | 'readStanding' | 'fillOrder'
>;

/** What contracts may ask about a checkout once it was opened. */
export function checkoutsOf(
  house: House,
  thenWake: <Result>(work: Promise<Result>) => Promise<Result>,
): CheckoutStories {
  return {
    answerOnce: (once) => answerOnce(house, once),
    replayAnswer: (idempotency) => replayAnswer(house, idempotency),
    refreshCheckout: (ref, ask) => thenWake(refreshCheckout(house, ref, ask)),
    readStanding: (session_id, ask) => readStanding(house, session_id, ask),
    fillOrder: (wish) => thenWake(fillOrder(house, (ref) => refreshCheckout(house, ref, 'now'), wish)),
  };
}
