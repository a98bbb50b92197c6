import { diceOf } from '../engine/dice.ts';
import { replaceGlobals } from '../engine/real.ts';
import { Stuck } from '../engine/scheduler.ts';
import { START_MS } from '../engine/start.ts';
import type { TraceLine } from '../engine/trace.ts';
import type { Counted } from '../faults/kinds.ts';
import { drawMix, type Mix, mixText } from '../faults/mix.ts';
import type { Blow, Script } from '../faults/script.ts';
import type { Violation } from '../invariants/finding.ts';
import { atRest, whileRunning } from '../invariants/index.ts';
import { nothingLetGoTooEarly } from '../invariants/stock.ts';
import type { Ground } from '../world/database/ground.ts';
import { BUYERS_PER_SHARE } from '../world/shops.ts';
import { clearGround } from '../world/stand-up.ts';
import { type Incident, situationsMet } from './incidents.ts';
import { fulfilmentTimes } from './measured/fulfilment-times.ts';
import { secondComparison } from './second-comparison.ts';
import { outcomeOf, stateHash } from './state-hash.ts';
import { untilRest } from './until-rest.ts';
import { buildWorld, type World } from './world.ts';

export interface RunPlan {
  readonly seed: number;
  readonly purchases: number;
  /** Drawn from the seed unless given. */
  readonly mix?: Mix | undefined;
  /** Ends at this step, without checking what only holds at rest. */
  readonly until?: number | undefined;
  readonly sink?: ((line: string) => void) | undefined;
  /** The state hash costs a dump of every table; series that do not compare it leave it out. */
  readonly hashes?: boolean;
  /** Strikes where it was told to, in the place of chance. */
  readonly script?: Script;
  /** What that was told, for whoever wants to see it again. */
  readonly blows?: readonly Blow[];
}

export interface RunReport {
  readonly seed: number;
  readonly mix: Mix;
  readonly mix_text: string;
  readonly purchases: number;
  /** How many of them came to money at Stripe. */
  readonly payments: number;
  readonly steps: number;
  readonly starts: number;
  readonly virtual_ms: number;
  readonly violations: readonly Violation[];
  readonly faults: ReadonlyMap<Counted, number>;
  /** How often chance struck (`Mix.spares` counts the same). */
  readonly drawn: number;
  /** How often the situation of each incident of the field came up; empty where the world did not come to rest. */
  readonly incidents: ReadonlyMap<Incident, number>;
  readonly virtual_globals: ReadonlyMap<string, number>;
  readonly trace_hash: string;
  readonly state_hash: string;
  readonly outcome: string;
  /** From Stripe's success to what was bought, for each buyer of the day, in virtual milliseconds. */
  readonly fulfilled_ms: readonly number[];
  /** Whether another comparison with Stripe was run at rest (L2): it costs as much as a purchase. */
  readonly compared_again: boolean;
  /** What actors did and what went wrong, in order. */
  readonly events: readonly TraceLine[];
}

const STEPS_MAX = 60_000;

/** The mix of a seed, as a run without a given one draws it. */
export function mixOf(seed: number): Mix {
  return drawMix(diceOf(`${seed}/mix`));
}

/** One world from its first buyer to its rest, with every checker. The same plan gives the same report. */
export async function oneRun(ground: Ground, plan: RunPlan): Promise<RunReport> {
  const mix = plan.mix ?? mixOf(plan.seed);
  const seed = `seed ${plan.seed}`;
  const shares = Math.ceil(plan.purchases / BUYERS_PER_SHARE);
  const shop = await clearGround(ground, seed, { shop: mix.shop, shares });
  const noted = new Map<string, number>();
  const world = buildWorld({ seed, mix, ground, shop, shares, sink: plan.sink, script: plan.script });
  const violations: Violation[] = [];
  const incidents = new Map<Incident, number>();
  const chance = diceOf(`${plan.seed}/globals`);
  const restore = replaceGlobals({
    now: () => world.scheduler.now(),
    chance: () => chance.below(2 ** 30) / 2 ** 30,
    bytes: (count) => chance.bytes(count),
    after: (ms, work) => world.scheduler.after(ms, work),
    note: (what, who) => void noted.set(`${who} ${what}`, (noted.get(`${who} ${what}`) ?? 0) + 1),
  });
  try {
    world.open(plan.purchases);
    await runAndCheck(ground, world, plan, { violations, incidents });
  } catch (error) {
    violations.push({ invariant: error instanceof Stuck ? 'L1' : 'bug', sentence: tell(error) });
  } finally {
    restore();
  }
  violations.push(...world.evidence.violations);
  const hashes = plan.hashes !== false;
  const report: RunReport = {
    ...{
      seed: plan.seed,
      mix,
      mix_text: mixText(mix),
      violations,
      incidents,
      faults: world.faults.counts,
      drawn: world.faults.drawn,
      virtual_globals: noted,
    },
    purchases: world.evidence.purchases,
    payments: world.sandbox.books().charges.length,
    compared_again: comparesAgain(plan),
    fulfilled_ms: violations.length === 0 ? await fulfilmentTimes(world, ground.ask) : [],
    steps: world.scheduler.steps,
    starts: world.nodes.reduce((sum, node) => sum + node.starts, 0),
    virtual_ms: world.scheduler.now() - START_MS,
    trace_hash: world.trace.hash(),
    state_hash: hashes ? await stateHash(ground.ask) : '',
    outcome: hashes ? await outcomeOf(ground.ask, { in_days: true }) : '',
    events: world.trace.events(),
  };
  await world.close();
  if (violations.length > 0) await ground.renew();
  return report;
}

class Enough extends Error {}

interface Found {
  readonly violations: Violation[];
  readonly incidents: Map<Incident, number>;
}

async function runAndCheck(ground: Ground, world: World, plan: RunPlan, found: Found): Promise<void> {
  const { violations, incidents } = found;
  const { scheduler, stir, sandbox, evidence } = world;
  const { ask } = ground;
  let checked = 0;
  const check = async (): Promise<void> => {
    if (plan.until !== undefined && scheduler.steps >= plan.until) throw new Enough();
    if (stir.released) {
      stir.released = false;
      violations.push(...(await nothingLetGoTooEarly({ ask, sandbox }, scheduler.now())));
    }
    if (stir.commits >= checked + CHECK_EVERY) {
      checked = stir.commits;
      violations.push(...(await whileRunning(ask)));
    }
    if (violations.length > 0 || evidence.violations.length > 0) throw new Enough();
  };
  try {
    await scheduler.run({ idle: untilRest(world, ask), between: check, steps_max: STEPS_MAX });
    const { webhooks, unexpected } = world;
    violations.push(...(await atRest({ ask, books: sandbox.books(), sandbox, evidence, webhooks, unexpected })));
    plan.script?.end();
    for (const [incident, times] of await situationsMet(ask, world.faults.counts)) incidents.set(incident, times);
    if (violations.length === 0 && comparesAgain(plan)) violations.push(...(await secondComparison(world, ask)));
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
}

/** L2 is asked in one world of four; a seed that shows something shows it again. */
function comparesAgain({ seed }: RunPlan): boolean {
  return diceOf(`${seed}/compares again`).chance(0.25);
}

/** The checks of every commit are constraints of the schema; their statements are run beside them now and then. */
const CHECK_EVERY = 100;

function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` <- ${tell(error.cause)}`;
  const where = (error.stack ?? '').split('\n').find((line) => line.includes('/packages/kassa/')) ?? '';
  return `${error.name}: ${error.message}${cause} ${where.trim()}`.slice(0, 900);
}
