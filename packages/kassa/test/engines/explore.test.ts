// Goal: every order is played once, and orders that nobody could tell apart are played once together.
// Method: callers whose steps are known beforehand, without a database, so that the orders can be counted by hand.
import { expect, test } from 'vitest';
import { everyOrder } from './interleavings/explore.ts';
import type { Caller, Footprint } from './interleavings/turns.ts';

/** Plays every order of these steps. Answers each as the callers' letters, without plays that came out as another one. */
function orders(...scripts: readonly (readonly Footprint[])[]): string[] {
  const explorer = everyOrder();
  const played: string[] = [];
  let last: string | undefined;
  let repeated = 0;
  for (let choose = explorer.next(); choose; choose = explorer.next()) {
    const { repeats } = explorer.told;
    if (last !== undefined && repeats === repeated) played.push(last);
    repeated = repeats;
    const left = scripts.map((steps, at) => ({ name: 'ABC'[at] ?? '', steps: [...steps] }));
    let order = '';
    for (;;) {
      const ready = left.filter(({ steps }) => steps.length > 0);
      if (ready.length === 0) break;
      const callers = ready.map(({ name, steps }) => ({ name, next: { footprint: steps[0], text: '' } }) as Caller);
      const { name } = choose(callers);
      order += name;
      left.find((one) => one.name === name)?.steps.shift();
    }
    last = order;
  }
  if (last !== undefined && explorer.told.repeats === repeated) played.push(last);
  expect(played).toHaveLength(explorer.told.schedules);
  return played;
}

const three = (footprint: Footprint): Footprint[] => [footprint, footprint, footprint];

test('three steps beside three that may wait for each other stand in twenty orders, none of them twice', () => {
  const played = orders(three('writes'), three('writes'));
  expect(played).toHaveLength(20);
  expect(new Set(played).size).toBe(20);
});

test('reads cannot tell each other apart, nor from writes that are not committed', () => {
  expect(orders(three('reads'), three('reads'))).toHaveLength(1);
  expect(orders(three('reads'), three('writes'))).toHaveLength(1);
});

test('a read sees what was committed before it: it stands before the end of another one, or after', () => {
  expect(orders(['reads'], ['ends']).toSorted()).toEqual(['AB', 'BA']);
  expect(orders(['reads', 'reads'], ['writes', 'ends'])).toHaveLength(3);
});

test('what is asked at Stripe is told apart only by what else is asked there', () => {
  expect(orders(['asks'], ['writes', 'ends'])).toHaveLength(1);
  expect(orders(['asks'], ['asks'])).toHaveLength(2);
});

test('three callers stand in every order too', () => {
  expect(new Set(orders(['writes', 'writes'], ['writes', 'writes'], ['writes', 'writes'])).size).toBe(90);
});
