import { createHash } from 'node:crypto';

/** One step of a run, as it stands in the trace. `t` is virtual milliseconds since the run began. */
export interface TraceLine {
  readonly n: number;
  readonly t: number;
  readonly node: string;
  readonly point: string;
  readonly outcome: string;
}

/** Everything that happened, in order. The same seed and commit give the same hash. */
export interface Trace {
  add(line: Omit<TraceLine, 'n'>): void;
  /** How many lines so far. */
  readonly length: number;
  /** The newest lines, oldest first. */
  newest(count: number): TraceLine[];
  /** Lines that are not plain progress: what actors did and what went wrong. */
  events(): TraceLine[];
  hash(): string;
}

const KEPT = 4_000;

/** @param sink gets every line as JSON, for `--trace` */
export function createTrace(sink?: (line: string) => void): Trace {
  const digest = createHash('sha256');
  const kept: TraceLine[] = [];
  const told: TraceLine[] = [];
  let length = 0;
  return {
    add(given) {
      const line = { n: length, ...given };
      length += 1;
      const text = JSON.stringify(line);
      digest.update(text);
      sink?.(text);
      kept.push(line);
      if (kept.length > KEPT) kept.splice(0, KEPT / 2);
      if (given.outcome !== 'go') told.push(line);
    },
    get length() {
      return length;
    },
    newest: (count) => kept.slice(-count),
    events: () => told,
    hash: () => digest.copy().digest('hex'),
  };
}
