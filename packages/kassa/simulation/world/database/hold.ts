import type { Life } from '../../engine/lives.ts';
import type { FaultName } from '../../faults/kinds.ts';

/** A connection of the driver, as the gate sees it. */
export interface Connection {
  query(text: string, values: unknown[]): Promise<unknown>;
  /** Gives it back to the pool, or has the pool forget it. */
  release(destroy?: boolean): void;
  /** The server's process behind it. */
  processID?: number;
  /** The driver's own line to it: what is sent while it is corked leaves in one packet. */
  readonly connection: { readonly stream: { cork(): void; uncork(): void } };
}

/** A connection in somebody's hands, and what will become of the work on it. */
export interface Hold {
  readonly life: Life;
  readonly connection: Connection;
  readonly fate: FaultName | undefined;
  /** The statement of the transaction that meets its fate, counted from 1. */
  readonly at: number;
  statements: number;
  /** A transaction is open on it. */
  open: boolean;
  released: boolean;
  queued: boolean;
  freed: boolean;
  /** Its life ends inside its own statement; the driver rolls back by itself. */
  dying: boolean;
  /** What the server is told together with the next statement, so that it costs no round trip of its own. */
  readonly unsent: (() => Promise<unknown>)[];
}

export const FATES: readonly FaultName[] = [
  'database_conflict',
  'database_lost',
  'database_answer_lost',
  'crashed_in_transaction',
  'crashed_after_commit',
  'commit_lost',
  'commit_untold',
];

/** A transaction of a story has so many statements, more or less; a fate beyond the last one strikes at the commit. */
export const STATEMENTS = 9;

export function newHold(given: Pick<Hold, 'life' | 'connection' | 'fate' | 'at'>): Hold {
  return {
    ...given,
    statements: 0,
    open: false,
    released: false,
    queued: false,
    freed: false,
    dying: false,
    unsent: [],
  };
}

export const lost = (): Error => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
export const conflict = (code: string): Error => Object.assign(new Error('this transaction met another one'), { code });
