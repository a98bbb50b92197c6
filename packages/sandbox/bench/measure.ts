import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One number of the report. A target is an upper bound for times and sizes. */
export interface Measured {
  name: string;
  value: number;
  unit: 'ms' | 'per second' | 'MiB';
  target?: number;
  /** How it spreads, or what it consists of. */
  note?: string;
}

/** @param share 0.5 is the median */
export function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const round = (value: number): number => Number(value.toPrecision(3));

/** Runs the work again and again, one after the other. @returns milliseconds each took, in order of size */
export async function times(runs: number, work: (run: number) => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await work(run);
    all.push(performance.now() - started);
  }
  return all.sort((a, b) => a - b);
}

/** The median of the work once it is warm. */
export async function median(
  name: string,
  runs: { warm: number; measured: number },
  work: (run: number) => Promise<unknown>,
  target?: number,
): Promise<Measured> {
  await times(runs.warm, work);
  const all = await times(runs.measured, (run) => work(runs.warm + run));
  const note = `95 of 100 within ${round(quantile(all, 0.95))} ms, ${runs.measured} runs`;
  return { name, value: round(quantile(all, 0.5)), unit: 'ms', note, ...(target === undefined ? {} : { target }) };
}

/** How many pieces of work are done per second when `lanes` are under way at once. */
export async function throughput(
  name: string,
  load: { lanes: number; count: number },
  work: (run: number) => Promise<unknown>,
): Promise<Measured> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < load.count) await work(next++);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: load.lanes }, lane));
  const seconds = (performance.now() - started) / 1000;
  return { name, value: Math.round(load.count / seconds), unit: 'per second', note: `${load.lanes} at once` };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export const MIB = 2 ** 20;

/** What the process holds after everything unused has been given back, in MiB. */
export function held(): { heap: number; process: number } {
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / MIB, process: rss / MIB };
}
