// Goal: whatever the order in which the statements of callers at once come to stand, everybody ends with the same truth.
// Method: real stories on a real Postgres; each of their statements, and each question to Stripe, stops until it is let
// go, so that an order is chosen and not met by chance. Who waits for whom is asked of the server, never guessed by
// time. `npm test` throws dice for a few orders of each pair; `npm run test:interleavings` plays all of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/kernel/random.ts';
import { BUYING } from './interleavings/buying.ts';
import { everyOrder, someOrders } from './interleavings/explore.ts';
import { type Limits, openCurtain, playAll, type Result } from './interleavings/play.ts';
import { REFUNDING } from './interleavings/refunding.ts';
import { openStage, type StageShop } from './interleavings/rewind.ts';
import type { Scene } from './interleavings/scene.ts';
import { crowdOf, SETTLING, TRIGGER_NAMES } from './interleavings/settling.ts';
import { changedPlaces } from './interleavings/swap.ts';

/** `all`: every order of each pair. A number: so many, thrown by dice. Neither: one order of every third pair. */
const GIVEN = process.env.KASSA_TEST_INTERLEAVINGS;
const ASKED = GIVEN ?? '1';
const SEED = process.env.SEED ?? String(Date.now() % 1_000_000);
const WHOLE = ASKED === 'all';
const COUNT = WHOLE ? 50 : Number(ASKED);
/** So many times two steps of each pair change places that nobody is said to tell apart. */
const CHANGED = 10;
/** How long one pair may take; what does not fit is said to be not all of them. */
const PAIR_MS = Number(process.env.KASSA_TEST_PAIR_SECONDS ?? 300) * 1_000;
const LIMITS: Limits = { schedules_max: 1_000_000, ms_max: WHOLE ? PAIR_MS : 20_000 };
const LONG_MS = LIMITS.ms_max + 60_000;

let stage: StageShop;
const results: Result[] = [];
beforeAll(async () => {
  stage = await openStage();
  await openCurtain(stage);
});
afterAll(async () => {
  await stage.close();
  const sum = (read: (one: Result) => number): number => results.reduce((total, one) => total + read(one), 0);
  console.info(`interleavings: ${sum(({ schedules }) => schedules)} orders of ${results.length} scenes, SEED=${SEED}`);
});

async function holds(scene: Scene, explorer = WHOLE ? everyOrder() : dice(scene.name)): Promise<Result> {
  const result = await playAll(stage, scene, explorer, LIMITS);
  results.push(result);
  if (WHOLE) console.info(`interleaving ${JSON.stringify({ ...result, failure: result.failure !== undefined })}`);
  expect(result.failure, `SEED=${SEED}`).toBeUndefined();
  return result;
}

const random = (name: string) => seededRandom(`${SEED} ${name}`);
const dice = (name: string) => changedPlaces(random(name), COUNT);

const PAIRS = [...SETTLING, ...REFUNDING, ...BUYING];
/** `1/2`: the first half of them, for runs of several processes. */
const [PART, PARTS] = (process.env.KASSA_TEST_SHARE ?? '1/1').split('/').map(Number) as [number, number];
const [MINE, OF_ALL] = GIVEN === undefined ? [Number(SEED) % 3, 3] : [PART - 1, PARTS];
const OF_THIS_RUN = PAIRS.filter((_, at) => at % OF_ALL === MINE);

describe('two callers', () => {
  test.each(OF_THIS_RUN)(
    '$name',
    async (scene) => {
      const { whole } = await holds(scene);
      if (!WHOLE) return;
      expect(whole, 'every order was played').toBe(true);
      const { failure } = await playAll(stage, scene, changedPlaces(random(scene.name), CHANGED), LIMITS);
      expect(failure, `SEED=${SEED}`).toBeUndefined();
    },
    LONG_MS,
  );
});

describe('a payment that is found by many at once is settled once', () => {
  test.each([3, 4, 5])(
    'by %i',
    async (callers) => {
      const random = seededRandom(`${SEED} crowd of ${callers}`);
      const rounds = WHOLE ? 40 : 1;
      const until = performance.now() + LIMITS.ms_max;
      for (let round = 0; round < rounds && performance.now() < until; round += 1) {
        const chosen = Array.from({ length: callers }, () => TRIGGER_NAMES[random.below(TRIGGER_NAMES.length)] ?? '');
        await holds(crowdOf(chosen), someOrders(random, COUNT));
      }
    },
    LONG_MS,
  );
});
