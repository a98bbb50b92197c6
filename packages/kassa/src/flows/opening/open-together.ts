import { type BatchLimits, batcher, inTransaction, oneOfMany, together } from '../../database/index.ts';
import { judgeAtOnce } from '../../domain/inventory/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { type ReadSession, sessionReader } from '../viewing/read-sessions.ts';
import { type Attachment, attachAll, type SUPERSEDED } from './attach-session.ts';
import type { StartCheckout } from './checkout-wish.ts';
import { asksForStockOnly, draftWish } from './draft-wish.ts';
import type { Written } from './write-draft.ts';

/** What became of one among strangers. `alone`: the others were in its way, or it in theirs; nothing of it is written. */
export type DraftedTogether = Written | { readonly refused: KassaError } | 'alone';

/** What strangers share who come at the same moment: statements, and the commits of those that write. */
export interface Shared {
  /** Only for wishes that `mayShare` lets in. */
  readonly draft: (command: StartCheckout) => Promise<DraftedTogether>;
  readonly attach: <Result>(attachment: Attachment<Result>) => Promise<Result | typeof SUPERSEDED | 'alone'>;
  readonly readSession: ReadSession;
}

/**
 * One batch at a time: two drafts of the same offer would wait for its stock all the same, and whoever waits here gathers
 * instead, which costs the database a quarter less at thirty-two callers (measured).
 */
const LIMITS: BatchLimits = { lanes: 1, rows_max: 256, waiting_max: 10_000 };

/** Gathers by the same house whatever its callers want at the same moment. */
export function sharedBy(house: House): Shared {
  const attach = batcher((attachments: readonly Attachment<unknown>[]) => attachTogether(house, attachments), LIMITS);
  const scarce: Scarce = new Map();
  return {
    draft: batcher((commands: readonly StartCheckout[]) => draftTogether(house, commands, scarce), LIMITS),
    attach: <Result>(attachment: Attachment<Result>) => attach(attachment) as Promise<Result>,
    readSession: sessionReader(house),
  };
}

/** Whether a draft is written without a look at anything that is not in memory, and without a lock but the stock's. */
export function mayShare(house: House, command: StartCheckout): boolean {
  const { idempotency, key, customer, contract } = command;
  const nobody_else = idempotency === undefined && key === undefined && customer === undefined;
  return nobody_else && asksForStockOnly(command) && house.destinationsOf('order.created', contract).length === 0;
}

/** So long after somebody heard that an offer is sold out its stock is looked at before it is taken. Milliseconds. */
const SCARCE_FOR_MS = 60_000;
/** One for each offer that turns out to be short. */
const RUNS_MAX = 3;

type Scarce = Map<string, number>;

/**
 * Writes many drafts by one statement, each priced and refused by itself. Stock that is not enough for all of them rolls
 * all of it back; then its row is locked first, and who comes too late is told so without a row. Whatever else only the
 * database can refuse, refuses nobody here: each then tries alone, as ever.
 */
async function draftTogether(
  house: House,
  commands: readonly StartCheckout[],
  scarce: Scarce,
): Promise<DraftedTogether[]> {
  for (let runs = 1; runs <= RUNS_MAX; runs += 1) {
    try {
      return await draftAll(house, commands, scarceIn(commands, scarce, house.clock.now()));
    } catch (error) {
      const { offer_id } = refusal(error).refused.details;
      if (typeof offer_id !== 'string') break;
      scarce.set(offer_id, house.clock.now().getTime() + SCARCE_FOR_MS);
    }
  }
  return commands.map(() => 'alone');
}

function scarceIn(commands: readonly StartCheckout[], scarce: Scarce, at: Date): string[] {
  for (const [offer_id, until_ms] of scarce) if (until_ms <= at.getTime()) scarce.delete(offer_id);
  const wanted = new Set(commands.flatMap(({ lines }) => lines.map((line) => line.offer_id)));
  return [...scarce.keys()].filter((offer_id) => wanted.has(offer_id));
}

function draftAll(
  house: House,
  commands: readonly StartCheckout[],
  scarce: readonly string[],
): Promise<DraftedTogether[]> {
  const at = house.clock.now();
  return inTransaction(house.db, async (tx) => {
    if (scarce.length > 0) await judgeAtOnce(tx, scarce);
    return together(tx, async () => {
      const drafted: DraftedTogether[] = [];
      for (const command of commands) {
        const wish = { command, at, leaves_at_once: true };
        drafted.push(await oneOfMany(tx, () => draftWish(house, tx, wish)).catch(refusal));
      }
      return drafted;
    });
  });
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
