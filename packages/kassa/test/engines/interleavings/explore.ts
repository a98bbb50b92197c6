import type { Random } from '../../../src/kernel/random.ts';
import type { Caller, Choose, Footprint } from './turns.ts';

/** Chooses who goes next, over many plays of the same scene. */
export interface Explorer {
  /** Makes the choices of the next play; undefined when every order was played. */
  next(): Choose | undefined;
  /** Orders that were played, and plays that came out as one of those because only reads had changed places. */
  readonly told: { schedules: number; repeats: number };
}

interface Node {
  /** Whom to leave alone here: what they would do next was played already, and nothing since could tell it. */
  readonly sleep: ReadonlySet<string>;
  readonly footprints: ReadonlyMap<string, Footprint>;
  readonly options: readonly string[];
  readonly tried: string[];
}

/** Reads are told by nothing but the end of a transaction, and Stripe's answers by nothing in the database. */
function independent(one: Footprint, other: Footprint): boolean {
  if (one === other) return one === 'reads';
  const pair = [one, other];
  if (pair.includes('asks')) return true;
  return pair.includes('reads') && pair.includes('writes');
}

/**
 * Every order in which the steps of the callers can stand, depth first, each once but for the places of steps that
 * nobody can tell apart (sleep sets). What a scene does before a choice must depend on the choices before it alone.
 */
export function everyOrder(): Explorer {
  const path: Node[] = [];
  const told = { schedules: 0, repeats: 0 };
  let begun = false;
  let repeats = false;
  const advance = (): boolean => {
    for (let node = path.at(-1); node; node = path.at(-1)) {
      const { tried, options } = node;
      const untried = options.find((name) => !tried.includes(name));
      if (untried !== undefined) {
        tried.push(untried);
        return true;
      }
      path.pop();
    }
    return false;
  };
  return {
    told,
    next() {
      if (begun) {
        if (repeats) told.repeats += 1;
        else told.schedules += 1;
        if (!advance()) return undefined;
      }
      begun = true;
      repeats = false;
      let depth = 0;
      return (ready) => {
        const known = path[depth];
        if (known && depth < path.length) {
          depth += 1;
          return named(ready, known.tried.at(-1) ?? '');
        }
        if (repeats) return first(ready);
        const sleep = sleepingAfter(path.at(-1));
        const options = ready.map(({ name }) => name).filter((name) => !sleep.has(name));
        const [taken] = options;
        if (taken === undefined) {
          repeats = true;
          return first(ready);
        }
        const footprints = new Map(ready.map(({ name, next }) => [name, next?.footprint ?? 'ends']));
        path.push({ sleep, footprints, options, tried: [taken] });
        depth += 1;
        return named(ready, taken);
      };
    },
  };
}

function sleepingAfter(node: Node | undefined): ReadonlySet<string> {
  if (!node) return new Set();
  const taken = node.tried.at(-1) ?? '';
  const step = node.footprints.get(taken) ?? 'ends';
  const left = [...node.sleep, ...node.tried.slice(0, -1)];
  return new Set(left.filter((name) => name !== taken && independent(node.footprints.get(name) ?? 'ends', step)));
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

function named(ready: readonly Caller[], name: string): Caller {
  const found = ready.find((one) => one.name === name);
  if (!found) throw new Error(`the same choices led elsewhere: ${name} is not among ${ready.map((one) => one.name)}`);
  return found;
}

function first(ready: readonly Caller[]): Caller {
  const [found] = ready;
  if (!found) throw new Error('nobody is left to choose');
  return found;
}
