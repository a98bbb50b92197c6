import { nextTimer, removeTimer, type Timer } from '../store/timers.ts';
import { inTx, type Tx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { arrive } from './account/test-clocks.ts';
import { expireByTime } from './checkout/expire.ts';
import { disputeDue, openDispute } from './disputes/disputes.ts';
import { bankAnswers } from './payments/attempt.ts';
import { lapse } from './payments/capture.ts';
import { warnOfFraud } from './payments/consequences.ts';
import { settleRefund } from './refunds/refunds.ts';

type Handler = (tx: Tx, subject: string, payload: Record<string, unknown>) => void;

/** What happens by itself, by the name under which it was put off. Each looks first whether it is still wanted. */
const HANDLERS: Record<string, Handler> = {
  session_expires: expireByTime,
  bank_answers: (tx, id, payload) => bankAnswers(tx, id, payload.result === 'fails' ? 'fails' : 'succeeds'),
  intent_lapses: lapse,
  refund_settles: (tx, id, payload) => void settleRefund(tx, id, payload.result === 'failed' ? 'failed' : 'succeeded'),
  dispute_opens: (tx, id, payload) => {
    const charge = tx.find('charge', id);
    if (!charge || charge.disputed || charge.refunded) return;
    openDispute(tx, id, { reason: String(payload.reason), inquiry: payload.inquiry === true });
  },
  dispute_due: disputeDue,
  fraud_warning: warnOfFraud,
  test_clock_arrives: (tx, id, payload) => arrive(tx, id, Number(payload.target)),
};

const NOBODY = { request_id: null, idempotency_key: null };

/** Runs everything that is due, in due order, one transaction each. Answers how many ran. */
export function runTimers(world: World): number {
  let ran = 0;
  for (let timer = nextTimer(world.database, world.clock.now()); timer; ran++) {
    runTimer(world, timer);
    timer = nextTimer(world.database, world.clock.now());
  }
  return ran;
}

function runTimer(world: World, timer: Timer): void {
  const handler = HANDLERS[timer.kind];
  if (!handler) throw new Error(`no handler for the timer ${timer.kind}`);
  inTx(world, NOBODY, (tx) => {
    removeTimer(world.database, timer.seq);
    handler(tx, timer.subject, timer.payload);
  });
}
