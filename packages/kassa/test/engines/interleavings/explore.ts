import type { Random } from '../../../src/kernel/random.ts';
import { independent } from './footprints.ts';
import type { Caller, Choose, Step } from './turns.ts';

/** Chooses who goes next, over many plays of the same scene. */
export interface Explorer {
  /** Makes the choices of the next play; undefined when every order was played. */
  next(): Choose | undefined;
  /** Orders that were played, and plays that came out as one of those because only reads had changed places. */
  readonly told: { schedules: number; repeats: number };
  /** Hears how everything stands after a play. Answers what is wrong with that. */
  ended?(stands: string): string | undefined;
}

/** One choice of a play, and what is still to be tried in its place. */
interface Node {
  /** Whom to leave alone here: what they would do next was played already, and nothing since could tell it. */
  readonly sleep: ReadonlyMap<string, Step | undefined>;
  /** What each of those who were ready would do next; of whoever did it, as it came out. */
  readonly steps: Map<string, Step | undefined>;
  readonly tried: string[];
  /** Whoever could have been told had they gone first. */
  readonly wanted: Set<string>;
}

/**
 * Every order in which the steps of the callers can stand, depth first, each once but for the places of steps that
 * nobody can tell apart. A choice is made anew only where a step of one caller could be told by a later one of another
 * (dynamic partial-order reduction, Flanagan and Godefroid 2005, with sleep sets). What a scene does before a choice
 * must depend on the choices before it alone.
 */
export function everyOrder(): Explorer {
  const path: Node[] = [];
  const told = { schedules: 0, repeats: 0 };
  let begun = false;
  let repeats = false;
  return {
    told,
    next() {
      if (begun) {
        if (repeats) told.repeats += 1;
        else told.schedules += 1;
        wantOthers(path);
        if (!advance(path)) return undefined;
      }
      begun = true;
      repeats = false;
      let depth = 0;
      return (ready, conflicts) => {
        // Whom the server sends away out of a circle is chance, and so is everything after it.
        if (conflicts.length > 0) return first(ready);
        const known = path[depth];
        if (known) {
          depth += 1;
          return again(known, ready);
        }
        if (repeats) return first(ready);
        const sleep = sleepingAfter(path.at(-1));
        const taken = ready.find(({ name }) => !sleep.has(name));
        if (taken === undefined) {
          repeats = true;
          return first(ready);
        }
        const steps = new Map(ready.map(({ name, next }) => [name, next]));
        path.push({ sleep, steps, tried: [taken.name], wanted: new Set() });
        depth += 1;
        return taken;
      };
    },
  };
}

const takenAt = (node: Node): string => node.tried.at(-1) ?? '';

/** Goes back to the last choice in whose place another one is wanted. */
function advance(path: Node[]): boolean {
  for (let node = path.at(-1); node; node = path.at(-1)) {
    const { wanted, tried, sleep } = node;
    const other = [...wanted].find((name) => !tried.includes(name) && !sleep.has(name));
    if (other !== undefined) {
      tried.push(other);
      return true;
    }
    path.pop();
  }
  return false;
}

/**
 * Looks through a play for pairs of steps of which the later could have been told had it stood first, and wants its
 * caller to go first there. Pairs between which a third step stands that both depend on come with that step.
 */
function wantOthers(path: readonly Node[]): void {
  const last = new Map<string, number>();
  /** Of each step: the latest step of each caller that it depends on, directly or not. */
  const clocks: Map<string, number>[] = [];
  for (const [at, node] of path.entries()) {
    const name = takenAt(node);
    const before_it = last.get(name) ?? -1;
    const clock = new Map(clocks[before_it]);
    const again = path.findIndex(({ steps }, place) => place > before_it && steps.has(name));
    // Its last step waited for whoever went just before it was ready again.
    if (before_it >= 0 && again > before_it + 1) join(clock, clocks[again - 1] ?? new Map());
    for (let before = at - 1; before >= 0; before -= 1) {
      const earlier = path[before] as Node;
      const its = takenAt(earlier);
      if (its === name || before <= (clock.get(its) ?? -1)) continue;
      if (apart(earlier.steps.get(its), node.steps.get(name))) continue;
      const instead = earlier.steps.has(name) ? [name] : earlier.steps.keys();
      for (const other of instead) earlier.wanted.add(other);
      join(clock, clocks[before] ?? new Map());
    }
    clock.set(name, at);
    clocks.push(clock);
    last.set(name, at);
  }
}

function join(clock: Map<string, number>, other: ReadonlyMap<string, number>): void {
  for (const [name, at] of other) clock.set(name, Math.max(at, clock.get(name) ?? -1));
}

const apart = (one: Step | undefined, other: Step | undefined): boolean =>
  one !== undefined && other !== undefined && independent(one.footprint, other.footprint);

function sleepingAfter(node: Node | undefined): Node['sleep'] {
  if (!node) return new Map();
  const taken = takenAt(node);
  const tried = node.tried.slice(0, -1).map((name) => [name, node.steps.get(name)] as const);
  const left = [...node.sleep, ...tried];
  return new Map(left.filter(([name, step]) => name !== taken && apart(step, node.steps.get(taken))));
}

/** As many orders as are asked for, each thrown by dice. */
export function someOrders(random: Random, count: number): Explorer {
  const told = { schedules: 0, repeats: 0 };
  let begun = 0;
  return {
    told,
    next() {
      told.schedules = begun;
      if (begun === count) return undefined;
      begun += 1;
      return (ready) => ready[random.below(ready.length)] ?? first(ready);
    },
  };
}

/** Several plays: in each of them everybody takes so many steps before the next one. */
export function taking(...steps: number[]): Explorer {
  const told = { schedules: 0, repeats: 0 };
  return {
    told,
    next() {
      const at_once = steps[told.schedules];
      if (at_once === undefined) return undefined;
      told.schedules += 1;
      let last: string | undefined;
      let taken = 0;
      return (ready) => {
        const again = taken < at_once ? ready.find(({ name }) => name === last) : undefined;
        const chosen = again ?? ready.find(({ name }) => name !== last) ?? first(ready);
        taken = chosen.name === last ? taken + 1 : 1;
        last = chosen.name;
        return chosen;
      };
    },
  };
}

/** The same choice as in the play before, which must have come to the same place. */
function again(known: Node, ready: readonly Caller[]): Caller {
  const name = takenAt(known);
  const said = (steps: Iterable<readonly [string, Step | undefined]>): string =>
    [...steps].map(([of, step]) => `${of}: ${step?.text}`).join(', ');
  const was = said(known.steps);
  const is = said(ready.map((one) => [one.name, one.next] as const));
  const found = ready.find((one) => one.name === name);
  if (!found || was !== is) throw new Error(`the same choices led elsewhere: to ${is} in place of ${was}`);
  known.steps.set(name, found.next);
  return found;
}

function first(ready: readonly Caller[]): Caller {
  const [found] = ready;
  if (!found) throw new Error('nobody is left to choose');
  return found;
}
