import { ledgerMatchesBooks } from '../../../simulation/invariants/money.ts';
import { newEvidence } from '../../../simulation/world/evidence.ts';
import { openPriceList, type PriceList } from '../../../src/domain/catalog/index.ts';
import { sharedBy } from '../../../src/flows/opening/open-together.ts';
import { KassaError } from '../../../src/kernel/errors.ts';
import type { Explorer } from './explore.ts';
import type { StageShop } from './rewind.ts';
import type { Cast, Scene } from './scene.ts';
import type { Caller, Played } from './turns.ts';

/** What came of playing a scene in many orders. */
export interface Result {
  readonly scene: string;
  readonly schedules: number;
  /** Plays that came out as another one, because only reads had changed places. */
  readonly repeats: number;
  /** False when the limit was reached first. */
  readonly whole: boolean;
  readonly ends: number;
  readonly took_ms: number;
  /** The first order in which something broke, and what. */
  readonly failure: string | undefined;
}

export interface Limits {
  readonly schedules_max: number;
  readonly ms_max: number;
}

const EMPTY = 'empty';
const SET = 'set';
const REST_EVERY = 10;

/** Before the first scene: the moment at which nobody has bought anything. */
export const openCurtain = (of: StageShop): Promise<void> => of.keep(EMPTY);

/** Sets a scene and plays it once per order, each time from the same rows, the same Stripe and the same time. */
export async function playAll(of: StageShop, scene: Scene, explorer: Explorer, limits: Limits): Promise<Result> {
  const from = performance.now();
  await of.rewind(EMPTY);
  of.sandbox.control.removeFault();
  const cast = await scene.set(of);
  await of.keep(SET);
  const ends = new Set<string>();
  /** Where plays stood when their callers were done, as it was judged before. */
  const known = new Set<string>();
  let failure: string | undefined;
  let whole = true;
  // What a process remembers from its first time, such as prices, is not remembered in the middle of a comparison.
  await of.turns.play(nodesOf(of, cast), (ready) => ready[0] as Caller);
  await of.rewind(SET);
  for (let choose = explorer.next(), plays = 0; choose; choose = explorer.next(), plays += 1) {
    const played = await of.turns.play(nodesOf(of, cast), choose);
    const wrong = await broken(of, cast, played);
    const stands = await standing(of);
    wrong.push(...[explorer.ended?.(stands)].filter((one) => one !== undefined));
    // What stood like this before came to the same rest, and rest takes ten times longer: looked at now and then.
    if (!known.has(stands) || plays % REST_EVERY === 0) {
      wrong.push(...(await brokenAtRest(of, cast)));
      ends.add(await of.end());
      known.add(stands);
    }
    if (scene.one_end && ends.size > 1) wrong.push(`it ended in two ways:\n${[...ends].join('\nand\n')}`);
    if (wrong.length > 0)
      failure = `${scene.name}\n${wrong.join('\n')}\nin this order:\n  ${played.steps.join('\n  ')}`;
    const tired = performance.now() - from > limits.ms_max || explorer.told.schedules + 1 >= limits.schedules_max;
    if (tired || failure !== undefined) {
      whole = explorer.next() === undefined;
      break;
    }
    await of.rewind(SET);
  }
  const { schedules, repeats } = explorer.told;
  const took_ms = Math.round(performance.now() - from);
  return { scene: scene.name, schedules, repeats, whole, ends: ends.size, took_ms, failure };
}

/** Each caller at a node of its own, with batches and a memory of its own: what one process knows, another one does not. */
function nodesOf(of: StageShop, { acts }: Cast): Record<string, () => Promise<unknown>> {
  const nodes = Object.entries(acts).map(([name, act]) => {
    const alone = { ...of.house, shared: null, prices: pricesAlone(of) };
    return [name, () => act({ ...alone, shared: sharedBy(alone) })] as const;
  });
  return Object.fromEntries(nodes);
}

/** Prices as a process of its own remembers them: that another one has changed them it is told later, by a notice. */
function pricesAlone({ house }: StageShop): PriceList {
  const list = openPriceList(house.db, house.shop, house.clock);
  const own = { ...list };
  Object.assign(list, { forget: () => undefined });
  return own;
}

/** How everything stands: what became of it, what there is at Stripe, and what somebody has still to do. */
async function standing(of: StageShop): Promise<string> {
  const { currencies, sessions, charges } = of.sandbox.books();
  const pages = sessions.map(({ closed_as }) => closed_as ?? 'open').toSorted();
  const payments = charges.map(({ captured, refunds }) => [captured, ...refunds.map(({ amount }) => amount)].join());
  const stripe = JSON.stringify([currencies, pages, payments.toSorted()]);
  const left = await of.ask<{ left: string }>(
    `select concat_ws(' ', (select count(*) from kassa.inbox_events where handled_at is null),
      (select string_agg(kind, ',' order by kind) from kassa.timers),
      (select string_agg(concat_ws('/', action, state), ',' order by action, state) from kassa.stripe_operations),
      (select string_agg(concat_ws('/', kind, resolved_at is null), ',' order by kind) from kassa.reconcile_breaks)) as left`,
  );
  return `${await of.end()}\n${stripe}\n${left[0]?.left}`;
}

/** Refusals that were expected are none; everything else that a caller was told is one, and so is every broken rule. */
async function broken(of: StageShop, cast: Cast, { callers, conflicts }: Played): Promise<string[]> {
  const wrong = [...conflicts];
  for (const { name, outcome } of callers) {
    if (!outcome || 'value' in outcome) continue;
    const { error } = outcome;
    const code = error instanceof KassaError ? error.code : undefined;
    if (code === undefined || cast.refusals?.includes(code) !== true) {
      wrong.push(`${name} was told: ${code ?? ''} ${(error as Error)?.stack ?? String(error)}`);
    }
  }
  return [...wrong, ...(await of.broken())];
}

/** The same when Stripe has said what it had to say and everybody who had work to do has done it. */
async function brokenAtRest(of: StageShop, cast: Cast): Promise<string[]> {
  await of.rest();
  if (cast.later_ms !== undefined) {
    of.clock.advance(cast.later_ms);
    await of.rest();
  }
  const scene = { ask: of.ask, books: of.sandbox.books(), sandbox: of.sandbox, evidence: newEvidence() };
  const books = await ledgerMatchesBooks(scene);
  const wrong = books.map(({ invariant, sentence }) => `${invariant}: ${sentence}`);
  return [...wrong, ...(await of.broken()), ...((await cast.look?.()) ?? [])];
}
