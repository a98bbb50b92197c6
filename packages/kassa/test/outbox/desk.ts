import type { Database } from '../../src/database/index.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { idsFrom } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import type { OutboxDesk } from '../../src/outbox/desk.ts';
import { catchingMailer } from '../../src/outbox/mailer.ts';
import { catchingMessenger } from '../../src/outbox/sms/messenger.ts';
import { DELIVERY_LIMIT_MS } from '../../src/outbox/time-limit.ts';
import { builtInEngine } from '../../src/outbox/workflows/built-in-engine.ts';

/** A clock that stands until it is moved; whoever sleeps wakes when it has been moved far enough. */
export interface HandClock extends Clock {
  pass(ms: number): void;
}

export function handClock(start = '2026-11-21T07:00:00Z'): HandClock {
  let now_ms = Date.parse(start);
  const sleepers = new Set<{ until_ms: number; wakeUp(): void }>();
  return {
    now: () => new Date(now_ms),
    sleep: (ms) => new Promise((resolve) => sleepers.add({ until_ms: now_ms + ms, wakeUp: () => resolve() })),
    pass(ms) {
      now_ms += ms;
      for (const sleeper of sleepers) {
        if (sleeper.until_ms > now_ms) continue;
        sleepers.delete(sleeper);
        sleeper.wakeUp();
      }
    },
  };
}

export function deskOn(db: Database, change: Partial<OutboxDesk> = {}): OutboxDesk & { readonly clock: HandClock } {
  const clock = handClock();
  const random = seededRandom('outbox');
  return {
    db,
    random,
    ids: idsFrom(clock, random),
    log: silentLog,
    limit_ms: DELIVERY_LIMIT_MS,
    mailer: catchingMailer(),
    messenger: catchingMessenger(),
    workflows: builtInEngine(async () => undefined),
    confirmation: 'Order {order_id} confirmed!',
    seller: { name: 'Blue Hall', email: 'tickets@bluehall.test', time_zone: 'UTC' },
    sender: { name: 'Blue Hall', address: 'tickets@bluehall.test' },
    hooks: {},
    ...change,
    clock,
  };
}
