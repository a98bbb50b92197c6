import type { Blow } from './blows.ts';

/** What a person may ask of `kassa torture`. Plain data: it crosses from the command to the process that runs it. */
export interface TortureOptions {
  /** Absolute paths. */
  readonly hooks_file: string;
  /** The folder, or the file, of the configuration. */
  readonly config: string;
  readonly stand_ins_file: string | null;
  /** SQL that makes the shop's own tables, for what hooks write by `commit`. */
  readonly schema_file: string | null;
  readonly seeds: { readonly from: number; readonly to: number };
  /** How many orders stand side by side in one schedule; drawn when null. */
  readonly orders: number | null;
  /** What goes wrong, instead of what the seed draws. */
  readonly schedule: readonly Blow[] | null;
  /** Real minutes after which no further schedule begins. */
  readonly minutes: number | null;
  readonly json: boolean;
  /** A Postgres that runs already; otherwise one is started for this process. */
  readonly server_url: string | null;
}
