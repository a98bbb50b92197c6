// Stands in for vitest's own `test` and `describe` while the tests of a module are run again and again: it only keeps
// what they declare. What they expect is vitest's own.
export { expect, vi } from 'vitest';

export interface Collected {
  readonly name: string;
  readonly run: () => unknown;
}

/** Not in this module: it is loaded anew together with the tests. */
const shared = globalThis as { __kassa_collected?: Collected[] };
shared.__kassa_collected ??= [];
const keep = (one: Collected): void => void shared.__kassa_collected?.push(one);

/** Everything that was declared since the last call. */
export function takeCollected(): Collected[] {
  return shared.__kassa_collected?.splice(0) ?? [];
}

type Work = (...given: unknown[]) => unknown;
type Rows = readonly unknown[];

const workOf = (given: readonly unknown[]): Work => given.find((one) => typeof one === 'function') as Work;
const asRow = (row: unknown): unknown[] => (Array.isArray(row) ? row : [row]);

function declare(name: string, ...given: unknown[]): void {
  const work = workOf(given);
  keep({ name, run: () => work() });
}
function declareEach(rows: Rows): (name: string, ...given: unknown[]) => void {
  return (name, ...given) => {
    const work = workOf(given);
    for (const row of rows) keep({ name, run: () => work(...asRow(row)) });
  };
}
export const test = Object.assign(declare, { each: declareEach });
export const it = test;

function group(_name: string, ...given: unknown[]): void {
  workOf(given)();
}
function groupEach(rows: Rows): (name: string, ...given: unknown[]) => void {
  return (_name, ...given) => {
    for (const row of rows) workOf(given)(...asRow(row));
  };
}
export const describe = Object.assign(group, { each: groupEach });
