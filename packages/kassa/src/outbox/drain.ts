import {
  type ClaimedDelivery,
  claimDeliveries,
  failDelivery,
  HEARTBEAT,
  holdingOn,
  inTransaction,
  LONG_LEASE,
  markDelivered,
  renewDelivery,
} from '../database/index.ts';
import { deliverEmail } from './deliver-email.ts';
import type { OutboxDesk } from './desk.ts';
import { runHook } from './run-hook.ts';
import { deliverSms } from './sms/deliver-sms.ts';
import { withinLimit } from './time-limit.ts';
import { startWorkflow } from './workflows/start-workflow.ts';

/**
 * So many failures park a delivery; with waits of 1 s to 1 h between them, twenty tries last about nine hours. One that
 * was tried as often and is still due was not refused by anybody: it kills whoever takes it.
 */
const ATTEMPTS_MAX = 20;
/** Tickets wait for the short message, so its ten tries end within nine minutes; a person may send it again. */
const SMS_ATTEMPTS_MAX = 10;

/**
 * One round: takes what is due, one delivery after the other, oldest first, until nothing is due or `limit` are done.
 * Each is leased by itself, so a slow one holds back nothing on other workers, and one that fails comes back after a
 * growing pause until it is parked. Any number of workers and processes may go round at once.
 * @returns how many were tried; zero means that nothing was due.
 */
export async function drainOutbox(desk: OutboxDesk, limit: number): Promise<number> {
  for (let tried = 0; tried < limit; tried += 1) {
    // Where nothing is limited, time is virtual, and a heartbeat would move it.
    const holding = desk.limit_ms === null ? LONG_LEASE : HEARTBEAT;
    const { lease_ms } = holding;
    const [delivery] = await claimDeliveries(desk.db, { at: desk.clock.now(), limit: 1, lease_ms });
    if (!delivery) return tried;
    const { db, clock, log } = desk;
    const renew = (longer_ms: number): Promise<boolean> => renewDelivery(db, delivery, longer_ms);
    await holdingOn({ holding, clock, log, renew }, () => deliver(desk, delivery));
  }
  return limit;
}

async function deliver(desk: OutboxDesk, delivery: ClaimedDelivery): Promise<void> {
  const { order_id, topic, destination } = delivery;
  const attempts_max = destination.startsWith('sms:') ? SMS_ATTEMPTS_MAX : ATTEMPTS_MAX;
  const log = desk.log.child({ order_id, topic, destination, attempt: delivery.attempts + 1 });
  try {
    if (delivery.attempts >= attempts_max)
      throw new Error('every process that took this delivery ended before it was done');
    if ((await send(deskFor(desk, delivery), delivery)) === 'unmarked') {
      const at = desk.clock.now();
      await inTransaction(desk.db, (tx) => markDelivered(tx, delivery, at));
    }
    log.debug({ delivery_id: delivery.id }, 'delivered');
  } catch (error) {
    const outcome = await failDelivery(desk.db, delivery, {
      error: whatToMend(destination, error),
      at: desk.clock.now(),
      random: desk.random,
      attempts_max,
    });
    const level = outcome === 'parked' ? 'error' : 'warn';
    log[level]({ delivery_id: delivery.id, outcome, err: error }, 'a delivery failed');
  }
}

/** @throws Error for a message of a shop that the configuration no longer names: it waits until somebody looks. */
function deskFor(desk: OutboxDesk, { tenant_id }: ClaimedDelivery): OutboxDesk {
  const found = desk.desks === undefined ? desk : desk.desks.get(tenant_id);
  if (found === undefined) throw new Error('the configuration names no shop that this message is of');
  return found;
}

/** Each destination begins with a word that says who takes it. @throws Error when it was not taken. */
async function send(desk: OutboxDesk, delivery: ClaimedDelivery): Promise<'marked' | 'unmarked'> {
  const [way] = delivery.destination.split(':', 1);
  if (way === 'hook') return runHook(desk, delivery);
  if (way === 'mail') await withinLimit(desk, () => deliverEmail(desk, delivery));
  else if (way === 'sms') await deliverSms(desk, delivery);
  else if (way === 'workflow') await startWorkflow(desk, delivery);
  else throw new Error(`this version of Kassa knows no destination ${delivery.destination}`);
  return 'unmarked';
}

/** A hook is the shop's own code: its author needs the file and the line, not only the sentence. */
function whatToMend(destination: string, error: unknown): unknown {
  return destination.startsWith('hook:') && error instanceof Error ? (error.stack ?? error) : error;
}
