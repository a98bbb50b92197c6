import { ledgerMatchesBooks } from '../../../simulation/invariants/money.ts';
import { newEvidence } from '../../../simulation/world/evidence.ts';
import { KassaError } from '../../../src/kernel/errors.ts';
import type { Explorer } from './explore.ts';
import type { StageShop } from './rewind.ts';
import type { Cast, Scene } from './scene.ts';
import type { Played } from './turns.ts';

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

/** Before the first scene: the moment at which nobody has bought anything. */
export const openCurtain = (of: StageShop): Promise<void> => of.keep(EMPTY);

/** Sets a scene and plays it once per order, each time from the same rows, the same Stripe and the same time. */
export async function playAll(of: StageShop, scene: Scene, explorer: Explorer, limits: Limits): Promise<Result> {
  const from = performance.now();
  await of.rewind(EMPTY);
  of.sandbox.control.removeFault();
  const cast = await scene.set(of);
  await of.keep(SET);
  const ends = new Map<string, string>();
  let failure: string | undefined;
  let whole = true;
  for (let choose = explorer.next(); choose; choose = explorer.next()) {
    const nodes = Object.entries(cast.acts).map(([name, act]) => [name, () => act({ ...of.house })] as const);
    const played = await of.turns.play(Object.fromEntries(nodes), choose);
    const wrong = await judge(of, cast, played);
    const end = await of.end();
    const steps = played.steps.join('\n  ');
    ends.set(end, ends.get(end) ?? steps);
    if (scene.one_end && ends.size > 1) wrong.push(`it ended in two ways:\n${[...ends.keys()].join('\nand\n')}`);
    if (wrong.length > 0) failure = `${scene.name}\n${wrong.join('\n')}\nin this order:\n  ${steps}`;
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

/** Refusals that were expected are none; everything else that a caller was told is one, and so is every broken rule. */
async function judge(of: StageShop, cast: Cast, { callers, conflicts }: Played): Promise<string[]> {
  const wrong = [...conflicts];
  for (const { name, outcome } of callers) {
    if (!outcome || 'value' in outcome) continue;
    const { error } = outcome;
    const code = error instanceof KassaError ? error.code : undefined;
    if (code === undefined || cast.refusals?.includes(code) !== true) {
      wrong.push(`${name} was told: ${code ?? ''} ${(error as Error)?.stack ?? String(error)}`);
    }
  }
  // What Stripe still has to say is said, and everybody who has work to do does it.
  await of.rest();
  if (cast.later_ms !== undefined) {
    of.clock.advance(cast.later_ms);
    await of.rest();
  }
  wrong.push(...(await of.broken()), ...((await cast.look?.()) ?? []));
  const scene = { ask: of.ask, books: of.sandbox.books(), sandbox: of.sandbox, evidence: newEvidence() };
  for (const { invariant, sentence } of await ledgerMatchesBooks(scene)) wrong.push(`${invariant}: ${sentence}`);
  return wrong;
}
