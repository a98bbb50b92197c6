import {
  batcher,
  inTransaction,
  isConflict,
  isConnectionLoss,
  isRefusedWhole,
  lanes,
  oneOfMany,
  type Transaction,
  together,
} from '../../database/index.ts';
import { countedIfDone, judgeAtOnce } from '../../domain/inventory/index.ts';
import type { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { ownEnd } from '../quoting/own-end.ts';
import { type ReadSession, sessionReader } from '../viewing/read-sessions.ts';
import { type Attachment, attachAll, attachFirst, isFirst, type SUPERSEDED } from './attach-session.ts';
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
  /** How many wishes and answers are not yet on their way to the database. */
  readonly waiting: () => number;
}

/**
 * One batch at a time, of drafts or of answers: two drafts of the same offer would wait for its stock all the same, and
 * whoever waits here gathers instead, which costs the database a quarter less at thirty-two callers (measured). No more
 * than so many in one go, because nobody else is answered, or refused, while they are priced.
 */
const LIMITS = { rows_max: 32, waiting_max: 10_000 };

/** Gathers by the same house whatever its callers want at the same moment. */
export function sharedBy(house: House): Shared {
  const limits = { ...LIMITS, lanes: lanes(1) };
  const attach = batcher((attachments: readonly Attachment<unknown>[]) => attachTogether(house, attachments), limits);
  const scarce: Scarce = new Map();
  const draft = batcher((commands: readonly StartCheckout[]) => draftTogether(house, commands, scarce), limits);
  return {
    draft,
    waiting: () => draft.waiting() + attach.waiting(),
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
/** The second one looks at all stock that is wanted before it is taken, so none turns out to be short any more. */
const RUNS_MAX = 2;

type Scarce = Map<string, number>;

/**
 * Writes many drafts by one statement, each priced and refused by itself. Stock that is not enough for all of them rolls
 * all of it back; then the rows are locked first, and who comes too late is told so without a row. Whatever else only
 * the database can refuse, refuses nobody here: each then tries alone, as ever.
 */
async function draftTogether(
  house: House,
  commands: readonly StartCheckout[],
  scarce: Scarce,
): Promise<DraftedTogether[]> {
  for (let runs = 1; runs <= RUNS_MAX; runs += 1) {
    const now_ms = house.clock.now().getTime();
    for (const [offer_id, until_ms] of scarce) if (until_ms <= now_ms) scarce.delete(offer_id);
    try {
      return await draftAll(house, commands, scarce);
    } catch (error) {
      // Somebody keeps a row for long: each waits for it alone, and the lane is free for what Stripe has answered.
      if (isConflict(error)) break;
      const told = ownEnd(error);
      const offer_id = told === 'alone' ? undefined : told.refused.details.offer_id;
      if (typeof offer_id !== 'string') break;
      scarce.set(offer_id, now_ms + SCARCE_FOR_MS);
    }
  }
  return commands.map(() => 'alone');
}

function draftAll(
  house: House,
  commands: readonly StartCheckout[],
  scarce: ReadonlyMap<string, number>,
): Promise<DraftedTogether[]> {
  const at = house.clock.now();
  const draft = async (tx: Transaction): Promise<DraftedTogether[]> => {
    const wanted = scarce.size === 0 ? [] : await wantedBy(house, tx, commands);
    // All of them or none, in one order: whoever locked some now and the others later could be met on the way.
    if (wanted.some((offer_id) => scarce.has(offer_id))) await judgeAtOnce(tx, wanted);
    return together(tx, async () => {
      const drafted: DraftedTogether[] = [];
      for (const command of commands) {
        const wish = { command, at, leaves_at_once: true };
        const alone = () => countedIfDone(tx, () => draftWish(house, tx, wish));
        drafted.push(await oneOfMany(tx, alone).catch(ownEnd));
      }
      return drafted;
    });
  };
  return inTransaction(house.db, draft, 'throw');
}

/** Every offer that may be taken from: those that are named and, of packages, their parts. */
async function wantedBy(house: House, tx: Transaction, commands: readonly StartCheckout[]): Promise<string[]> {
  const named = new Set(commands.flatMap(({ lines }) => lines.map((line) => line.offer_id)));
  const offers = await house.prices.offersById(tx, [...named]);
  const parts = [...offers.values()].flatMap(({ children }) => children.map((child) => child.offer_id));
  return [...new Set([...named, ...parts])];
}

/** Those that nothing has happened to by one statement, and all others by looking at them first. */
async function attachTogether(house: House, attachments: readonly Attachment<unknown>[]): Promise<unknown[]> {
  const told = new Map<number, unknown>();
  const places = [...attachments.keys()];
  const tell = async (chosen: number[], answersOf: () => Promise<unknown[]>): Promise<void> => {
    const answers = chosen.length > 0 ? await answersOf() : [];
    for (const [at, place] of chosen.entries()) told.set(place, answers[at]);
  };
  try {
    const first = attachments.filter(isFirst);
    const chosen = [...attachments.entries()].flatMap(([place, one]) => (isFirst(one) ? [place] : []));
    await tell(chosen, () => attachFirst(house, first));
  } catch (error) {
    // Something has happened to one of them, or its row is kept, or nobody knows: then each is looked at.
    if (!isRefusedWhole(error) && !isConflict(error) && !isConnectionLoss(error)) ownEnd(error);
  }
  const others = places.filter((place) => !told.has(place));
  try {
    const looked_at = attachments.filter((_, place) => !told.has(place));
    await tell(others, () => inTransaction(house.db, (tx) => attachAll(house, tx, looked_at)));
  } catch (error) {
    // Where some are written already, whoever is left tries alone and hears what is wrong by himself.
    if (told.size === 0) ownEnd(error);
  }
  return places.map((place) => (told.has(place) ? told.get(place) : 'alone'));
}
