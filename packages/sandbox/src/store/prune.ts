import { OWN_KEY_MISSING } from './journal.ts';
import type { World } from './world.ts';

/** After so many calls the sandbox tidies up. Counted, not timed, so that the same calls leave the same store. */
const CALLS_BETWEEN = 1000;
/** How much is given up at once, so that no call waits long for it. */
const AT_ONCE = 2000;

const KEPT = {
  /** Stripe answers for an idempotency key for a day (docs.stripe.com/api/idempotent_requests). */
  keys_ms: 24 * 3_600_000,
  /** Stripe shows events for thirty days. */
  events_s: 30 * 86_400,
  calls: 20_000,
};

/** Counts a call, and lets go of what nobody can ask for any more: a sandbox may run for weeks. */
export function countCall(world: World): void {
  world.answered++;
  if (world.answered % CALLS_BETWEEN === 0) prune(world);
}

/** The private books need the calls that changed something unseen, and those without a key: they stay. */
export function prune(world: World): void {
  const { database } = world;
  const now_ms = world.clock.now();
  database.transaction(() => {
    database.run(
      'delete from idempotency where seq in (select seq from idempotency order by seq limit ?) and created_ms <= ?',
      AT_ONCE,
      now_ms - KEPT.keys_ms,
    );
    database.run(
      'delete from requests where seq <= (select max(seq) from requests) - ? ' +
        'and not (committed = 1 and caller_saw = 0) and code is not ?',
      KEPT.calls,
      OWN_KEY_MISSING,
    );
    const rows = database.all(
      'select seq, id from events e where created < ? and not exists ' +
        "(select 1 from deliveries d where d.event_id = e.id and d.state in ('due', 'held')) order by seq limit ?",
      Math.floor(now_ms / 1000) - KEPT.events_s,
      AT_ONCE,
    );
    const ids = JSON.stringify(rows.map(({ id }) => id));
    for (const table of ['attempts', 'deliveries']) {
      database.run(`delete from ${table} where event_id in (select value from json_each(?))`, ids);
    }
    database.run('delete from events where id in (select value from json_each(?))', ids);
  });
}
