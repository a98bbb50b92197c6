import { CHECKS } from '../../src/domain/proof/index.ts';
import { askAll, type Scene, type Violation } from './finding.ts';
import { acknowledgedIsDurable, deliveredWasSeen, QUEUES_SQL, silenceIsTold } from './messages.ts';
import {
  everyPaymentHasItsEnd,
  ledgerMatchesBooks,
  nobodyRefundsUnasked,
  oneCustomerEach,
  oneObjectPerAttempt,
  oneRefundPerWish,
  quotesAreKept,
} from './money.ts';
import { effectsOnceOutside, oneKeyOneAnswer, PAGES_SQL, statusNeverGoesBack } from './orders.ts';
import { appointmentsComeToTheirEnd, LINES_SQL, nothingLetGoTooEarly } from './stock.ts';
import { otherAmountsEnd, takenPastKassaIsTold } from './unexpected.ts';

const ALWAYS = [...CHECKS, ...LINES_SQL, ...PAGES_SQL];

/** What holds after every commit, faults or not: the rules of `kassa verify`, in one statement. */
export function whileRunning(ask: Scene['ask']): Promise<Violation[]> {
  return askAll(ask, ALWAYS);
}

/** What holds once faults are off and nothing is left to do, and everything that holds always. */
export async function atRest(scene: Scene): Promise<Violation[]> {
  const { ask } = scene;
  const attempts = await ask<{ order_id: string; attempts: string }>(
    'select order_id, count(*) as attempts from kassa.payment_transactions group by order_id',
  );
  const counted = new Map(attempts.map((row) => [row.order_id, Number(row.attempts)]));
  return [
    ...(await askAll(ask, [...ALWAYS, ...QUEUES_SQL])),
    ...(await ledgerMatchesBooks(scene)),
    ...(await everyPaymentHasItsEnd(scene)),
    ...(await takenPastKassaIsTold(scene)),
    ...(await otherAmountsEnd(scene)),
    ...oneObjectPerAttempt(counted, scene),
    ...(await oneRefundPerWish(scene)),
    ...oneCustomerEach(scene),
    ...(await nobodyRefundsUnasked(scene)),
    ...quotesAreKept(scene),
    ...(await silenceIsTold(scene)),
    ...statusNeverGoesBack(scene),
    ...oneKeyOneAnswer(scene),
    ...(await effectsOnceOutside(scene)),
    ...(await nothingLetGoTooEarly(scene, scene.sandbox.clock.now())),
    ...(await appointmentsComeToTheirEnd(scene)),
    ...(await deliveredWasSeen(scene)),
    ...(await acknowledgedIsDurable(scene)),
    ...keysOfOurOwn(scene),
  ];
}

/** Every write to Stripe carries our own key: a random one dies with the process and doubles the write (O7, F1). */
function keysOfOurOwn({ books }: Scene): Violation[] {
  if (books.key_violations === 0) return [];
  return [{ invariant: 'M5', sentence: `${books.key_violations} writes reached Stripe without a key of our own` }];
}
