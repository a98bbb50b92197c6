// Goal: every order is played once, and orders that nobody could tell apart are played once together.
// Method: callers whose steps are known beforehand, without a database, so that the orders can be counted by hand.
import { expect, test } from 'vitest';
import { everyOrder } from './interleavings/explore.ts';
import type { Footprint } from './interleavings/footprints.ts';
import type { Caller } from './interleavings/turns.ts';

const of = (...tables: string[]): Set<string> => new Set(tables);
const NOTHING: Footprint = { sees: of(), takes: of(), locks: of(), refers: of(), shows: of() };
const reads = (...tables: string[]): Footprint => ({ ...NOTHING, sees: of(...tables) });
const writes = (...tables: string[]): Footprint => ({ ...NOTHING, sees: of(...tables), takes: of(...tables) });
const locks = (...tables: string[]): Footprint => ({ ...writes(...tables), locks: of(...tables) });
const refers = (...tables: string[]): Footprint => ({ ...NOTHING, refers: of(...tables) });
const ends = (...tables: string[]): Footprint => ({ ...NOTHING, takes: of(...tables), shows: of(...tables) });
const asks = (how: 'reads' | 'writes'): Footprint => ({ ...reads(), asks: how });

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
  const played = orders(three(writes('orders')), three(writes('orders')));
  expect(played).toHaveLength(20);
  expect(new Set(played).size).toBe(20);
});

test('reads cannot tell each other apart, nor from writes that are not committed', () => {
  expect(orders(three(reads('orders')), three(reads('orders')))).toHaveLength(1);
  expect(orders(three(reads('orders')), three(writes('orders')))).toHaveLength(1);
});

test('whoever takes rows of one table waits for nobody who takes rows of another', () => {
  expect(orders(three(writes('orders')), three(writes('stock')))).toHaveLength(1);
  expect(orders([writes('orders'), ends('orders')], [reads('stock'), writes('stock')])).toHaveLength(1);
});

test('a row that somebody refers to may be written meanwhile, and not locked as a whole', () => {
  expect(orders([refers('orders')], [refers('orders')])).toHaveLength(1);
  expect(orders([refers('orders')], [writes('orders')])).toHaveLength(1);
  expect(orders([refers('orders')], [locks('orders')])).toHaveLength(2);
});

test('a read sees what was committed before it: it stands before the end of another one, or after', () => {
  expect(orders([reads('orders')], [ends('orders')]).toSorted()).toEqual(['AB', 'BA']);
  expect(orders([reads('orders')], [ends('stock')])).toHaveLength(1);
  expect(orders([reads('orders'), reads('orders')], [writes('orders'), ends('orders')])).toHaveLength(3);
});

test('what is asked at Stripe is told apart only by what is done there', () => {
  expect(orders([asks('reads')], [writes('orders'), ends('orders')])).toHaveLength(1);
  expect(orders([asks('reads')], [asks('reads')])).toHaveLength(1);
  expect(orders([asks('reads')], [asks('writes')])).toHaveLength(2);
});

test('three callers stand in every order too', () => {
  const two = [writes('orders'), writes('orders')];
  expect(new Set(orders(two, two, two)).size).toBe(90);
});
