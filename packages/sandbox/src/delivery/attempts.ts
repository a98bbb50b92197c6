import type { Outcome, World } from '../store/world.ts';

export interface Attempted {
  seq: number;
  event_id: string;
  target: string;
}

export function succeeded({ status }: Outcome): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** One line of the delivery log, in the current transaction. */
export function writeAttempt(world: World, { seq, event_id, target }: Attempted, outcome: Outcome): void {
  world.database.run(
    'insert into attempts (delivery, event_id, target, at_ms, status, reply) values (?, ?, ?, ?, ?, ?)',
    seq,
    event_id,
    target,
    world.clock.now(),
    outcome.status,
    outcome.reply,
  );
}

/**
 * What a shop behind a command line answered, after the command line itself had taken the event. It is logged and
 * decides whether the delivery counts as one; Stripe does not try those again, and neither does the sandbox.
 */
export function recordLateAnswer(world: World, delivery: Attempted, outcome: Outcome): void {
  world.database.transaction(() => {
    writeAttempt(world, delivery, outcome);
    const state = succeeded(outcome) ? 'done' : 'failed';
    world.database.run('update deliveries set state = ?, due_ms = null where seq = ?', state, delivery.seq);
  });
  const { event_id, target } = delivery;
  world.log({ what: 'webhook', event: event_id, target, status: outcome.status, forwarded: true });
}
