import { type BatchLimits, batcher, inTransaction, oneOfMany, together } from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { type Attachment, attachAll, type SUPERSEDED } from './attach-session.ts';
import type { StartCheckout } from './checkout-wish.ts';
import { asksForStockOnly, draftWish } from './draft-wish.ts';
import type { Written } from './write-draft.ts';

/** What became of one among strangers. `alone`: the others were in its way, or it in theirs; nothing of it is written. */
export type DraftedTogether = Written | { readonly refused: KassaError } | 'alone';

/** Checkouts of strangers that come at the same moment, written by shared statements and commits. */
export interface Openings {
  /** Only for wishes that `mayShare` lets in. */
  readonly draft: (command: StartCheckout) => Promise<DraftedTogether>;
  readonly attach: <Result>(attachment: Attachment<Result>) => Promise<Result | typeof SUPERSEDED | 'alone'>;
}

/**
 * One batch at a time: two drafts of the same offer would wait for its stock all the same, and whoever waits here gathers
 * instead, which costs the database a quarter less at thirty-two callers (measured).
 */
const LIMITS: BatchLimits = { lanes: 1, rows_max: 256, waiting_max: 10_000 };

/** Gathers by the same house whatever its callers want at the same moment. */
export function openingsOf(house: House): Openings {
  const attach = batcher((attachments: readonly Attachment<unknown>[]) => attachTogether(house, attachments), LIMITS);
  return {
    draft: batcher((commands: readonly StartCheckout[]) => draftTogether(house, commands), LIMITS),
    attach: <Result>(attachment: Attachment<Result>) => attach(attachment) as Promise<Result>,
  };
}

/** Whether a draft is written without a look at anything that is not in memory, and without a lock but the stock's. */
export function mayShare(house: House, command: StartCheckout): boolean {
  const { idempotency, key, customer, contract } = command;
  const nobody_else = idempotency === undefined && key === undefined && customer === undefined;
  return nobody_else && asksForStockOnly(command) && house.destinationsOf('order.created', contract).length === 0;
}

/**
 * Writes many drafts by one statement, each priced and refused by itself. What only the database can refuse, above all
 * stock that is not enough for all of them, refuses nobody here: each then tries alone, as ever.
 */
async function draftTogether(house: House, commands: readonly StartCheckout[]): Promise<DraftedTogether[]> {
  const at = house.clock.now();
  try {
    return await inTransaction(house.db, (tx) =>
      together(tx, async () => {
        const drafted: DraftedTogether[] = [];
        for (const command of commands) {
          const wish = { command, at, leaves_at_once: true };
          drafted.push(await oneOfMany(tx, () => draftWish(house, tx, wish)).catch(refusal));
        }
        return drafted;
      }),
    );
  } catch (error) {
    refusal(error);
    return commands.map(() => 'alone');
  }
}

async function attachTogether(house: House, attachments: readonly Attachment<unknown>[]): Promise<unknown[]> {
  try {
    return await inTransaction(house.db, (tx) => attachAll(house, tx, attachments));
  } catch (error) {
    refusal(error);
    return attachments.map(() => 'alone');
  }
}

/** Whatever is no refusal concerns everybody. */
function refusal(error: unknown): { readonly refused: KassaError } {
  if (error instanceof KassaError) return { refused: error };
  throw error;
}
