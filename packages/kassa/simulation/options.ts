import type { Mix } from './faults/mix.ts';

/** What a person may ask of the simulation. Plain data: it crosses from the command to the process that runs it. */
export interface SimulateOptions {
  /** Run after run, each a world of its own. */
  readonly seeds: { readonly from: number; readonly to: number };
  readonly purchases: number;
  /** Replaces the drawn mix, wholly or in part. */
  readonly mix: Partial<Mix> | null;
  /** Only these faults may strike: numbers of the fault model, ports, or names. Empty: whatever is drawn. */
  readonly faults: readonly string[];
  /** A negative control by its number, such as N7; `dropped` also takes away the constraint behind it. */
  readonly defect: string | null;
  readonly dropped: boolean;
  /** Ends a run at this step, for looking at what came before. */
  readonly until: number | null;
  /** A file for every step as JSON lines; `-` is the standard output. */
  readonly trace: string | null;
  /** Real minutes after which no further run begins. */
  readonly minutes: number | null;
  /** So many replays with a crash at a point of their own, in place of worlds; null: worlds. */
  readonly crash_points: number | null;
  /** The list of places at which something can go wrong: held against the one that is kept, or written anew. */
  readonly points: 'compare' | 'write' | null;
  /** What strikes for certain in a single run, such as `137:crashed_after_commit,12:crash`. */
  readonly crash_at: string | null;
  readonly corpus: boolean;
  readonly shrink: boolean;
  readonly json: boolean;
  /** A Postgres that runs already; otherwise one is started for this process. */
  readonly server_url: string | null;
  /** The commit that is named in a failure. */
  readonly commit: string;
}

export const EXIT_GOOD = 0;
export const EXIT_VIOLATION = 1;
export const EXIT_WRONG_USE = 2;
export const EXIT_NOT_THE_SAME = 3;
