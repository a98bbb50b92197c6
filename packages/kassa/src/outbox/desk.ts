import type { Hooks } from '../config/hooks.ts';
import type { Database } from '../database/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Ids } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Seller } from './mail/receipt.ts';
import type { Mailer } from './mailer.ts';
import type { Messenger } from './sms/messenger.ts';
import type { WorkflowEngine } from './workflows/engine.ts';

/** What the outbox works with, handed in once by `app.ts`. */
export interface OutboxDesk {
  readonly db: Database;
  readonly clock: Clock;
  /** See `TimeLimit`: at most `DELIVERY_LIMIT_MS`, or null where time is virtual. */
  readonly limit_ms: number | null;
  readonly random: Random;
  readonly ids: Ids;
  readonly log: Log;
  readonly mailer: Mailer;
  readonly messenger: Messenger;
  readonly workflows: WorkflowEngine;
  /** Who sells, as mails name them. */
  readonly seller: Seller;
  /** In whose name and from which address mails leave. */
  readonly sender: { readonly name: string; readonly address: string };
  /** The wording of the short message about a paid order. */
  readonly confirmation: string;
  /** The shop's own functions by topic. */
  readonly hooks: Hooks['on'];
  /** The desks of all shops that this process serves, by tenant. Absent: this one takes every message. */
  readonly desks?: ReadonlyMap<string, OutboxDesk>;
}
