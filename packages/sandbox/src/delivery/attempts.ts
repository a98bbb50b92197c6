import type { Outcome, World } from '../store/world.ts';

export interface Attempted {
  /** When it began, in milliseconds of the sandbox's clock. */
  began_ms: number;
  seq: number;
  event_id: string;
  target: string;
}

export function succeeded({ status }: Outcome): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** One line of the delivery log, in the current transaction. */
export function writeAttempt(world: World, attempted: Attempted, outcome: Outcome): void {
  const { began_ms, seq, event_id, target } = attempted;
  const now = world.clock.now();
  world.database.run(
    'insert into attempts (delivery, event_id, target, at_ms, took_ms, status, reply) values (?, ?, ?, ?, ?, ?, ?)',
    seq,
    event_id,
    target,
    now,
    Math.max(0, Math.round(now - began_ms)),
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
