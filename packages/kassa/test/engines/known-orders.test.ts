// Goal: an order of statements in which something once broke never breaks anything again.
// Method: the scene in which it was found, played in that order alone; all of its orders are played by
// `npm run test:interleavings`.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUYING } from './interleavings/buying.ts';
import type { Explorer } from './interleavings/explore.ts';
import { openCurtain, playAll } from './interleavings/play.ts';
import { REFUNDING } from './interleavings/refunding.ts';
import { openStage, type StageShop } from './interleavings/rewind.ts';
import type { Scene } from './interleavings/scene.ts';
import type { Caller, Choose } from './interleavings/turns.ts';

let stage: StageShop;
beforeAll(async () => {
  stage = await openStage();
  await openCurtain(stage);
});
afterAll(() => stage.close());

/** One play. */
const once = (choose: Choose): Explorer => {
  const told = { schedules: 0, repeats: 0 };
  return {
    told,
    next() {
      if (told.schedules === 1) return undefined;
      told.schedules = 1;
      return choose;
    },
  };
};

function sceneOf(scenes: readonly Scene[], name: RegExp): Scene {
  const found = scenes.find((one) => name.test(one.name));
  if (!found) throw new Error(`no scene is called ${name}`);
  return found;
}

test('whoever read a refund before another sender learned its end puts no order before a person', async () => {
  const scene = sceneOf(REFUNDING, /answer was lost is sent again by two/);
  let read = false;
  // The first goes as far as its last commit; there the second reads that the refund is open, and is overtaken.
  const choose: Choose = (ready) => {
    const first = ready.find(({ name }) => name.startsWith('A'));
    const second = ready.find(({ name }) => name.startsWith('B'));
    if (second && !read && first?.next?.text === 'commit') {
      read = true;
      return second;
    }
    return (first ?? second) as Caller;
  };
  const { failure } = await playAll(stage, scene, once(choose), { schedules_max: 2, ms_max: 20_000 });
  expect(failure).toBeUndefined();
  expect(read).toBe(true);
});

test('a page that another window opens meanwhile, and is met in each of its states, is ended in the end', async () => {
  const scene = sceneOf(BUYING, /one use per buyer is used in one of two windows/);
  // Met by the index, before it is sent, on its way, opened in between, and open.
  const order = '19A 4B 1A 7B 2A 7B 4A 3B 2A 1B 1A 9B';
  const turns = order.split(' ').flatMap((some) => Array<string>(Number.parseInt(some, 10)).fill(some.slice(-1)));
  const choose: Choose = (ready) => {
    const name = turns.shift() ?? '';
    return (ready.find((one) => one.name.startsWith(name)) ?? ready[0]) as Caller;
  };
  const { failure } = await playAll(stage, scene, once(choose), { schedules_max: 2, ms_max: 20_000 });
  expect(failure).toBeUndefined();
});
