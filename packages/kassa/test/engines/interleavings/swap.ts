import type { Random } from '../../../src/kernel/random.ts';
import type { Explorer } from './explore.ts';
import { independent } from './footprints.ts';
import type { Caller, Choose, Step } from './turns.ts';

interface Taken {
  readonly name: string;
  readonly ready: ReadonlyMap<string, Step | undefined>;
}

/**
 * Plays thrown by dice, and each of them once more with two steps changed that stood side by side and that nobody is
 * said to tell apart: then every step after them has to be the same, and so has the end.
 */
export function changedPlaces(random: Random, count: number): Explorer {
  const told = { schedules: 0, repeats: 0 };
  let path: Taken[] = [];
  let wanted: readonly string[] | undefined;
  let said: readonly string[] = [];
  let stood: string | undefined;
  let wrong: string | undefined;
  return {
    told,
    next(): Choose | undefined {
      if (told.schedules >= count && wanted === undefined) return undefined;
      if (wanted) return (ready) => follow(ready);
      path = [];
      return (ready) => take(ready, ready[random.below(ready.length)]);
    },
    ended(stands) {
      if (wanted === undefined) {
        const at = random.below(Math.max(1, path.length));
        const place = [...path.keys()].map((from) => (from + at) % path.length).find(mayChange);
        if (place === undefined) {
          told.schedules += 1;
          return undefined;
        }
        said = changed(
          path.map(({ name, ready }) => `${name}: ${ready.get(name)?.text}`),
          place,
        );
        wanted = changed(
          path.map(({ name }) => name),
          place,
        );
        stood = stands;
        path = [];
        return undefined;
      }
      const complaint = wrong ?? (stands === stood ? undefined : `it ended as\n${stands}\nand before as\n${stood}`);
      [wanted, wrong] = [undefined, undefined];
      told.schedules += 1;
      return complaint && `two steps changed places that nobody is said to tell apart, and ${complaint}`;
    },
  };

  function take(ready: readonly Caller[], chosen: Caller | undefined): Caller {
    if (!chosen) throw new Error('nobody is left to choose');
    path.push({ name: chosen.name, ready: new Map(ready.map(({ name, next }) => [name, next])) });
    return chosen;
  }

  function follow(ready: readonly Caller[]): Caller {
    const at = path.length;
    const chosen = ready.find(({ name }) => name === wanted?.[at]);
    const is = `${chosen?.name}: ${chosen?.next?.text}`;
    if (is !== said[at]) wrong ??= `step ${at} is ${is} in place of ${said[at]}`;
    return take(ready, chosen ?? ready[0]);
  }

  function mayChange(at: number): boolean {
    const [one, other] = [path[at], path[at + 1]];
    if (!one || !other || one.name === other.name) return false;
    const first = one.ready.get(one.name);
    const second = one.ready.get(other.name);
    // Whoever was not ready before was freed by the first of them.
    if (!first || !second || second !== other.ready.get(other.name)) return false;
    return independent(first.footprint, second.footprint);
  }
}

function changed<Item>(list: readonly Item[], at: number): Item[] {
  const [one, other] = [list[at], list[at + 1]] as [Item, Item];
  return [...list.slice(0, at), other, one, ...list.slice(at + 2)];
}
