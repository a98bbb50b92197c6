import { type Database, sql } from '../../../database/index.ts';

/**
 * A rule that holds after every commit, as a statement that finds the rows that break it: `kassa verify` asks these of
 * a real shop, as the simulation asks its own after each step of each of its worlds.
 */
export interface Check {
  /** The rule's own name in RELIABILITY.md, such as `M2`. */
  readonly invariant: string;
  /** What a broken one is called, in `snake_case`. */
  readonly kind: string;
  /** What a person does about it. */
  readonly cure: string;
  /** Selects one text column: the sentence that names the row. */
  readonly sql: string;
}

export interface Broken {
  readonly invariant: string;
  readonly kind: string;
  readonly cure: string;
  readonly sentence: string;
}

/** Asks all rules in one statement, so that they speak of one moment. At most `limit` sentences are told. */
export async function runChecks(db: Database, checks: readonly Check[], limit: number): Promise<Broken[]> {
  const parts = checks.map((check, at) => `select ${at} as at, sentence from (${check.sql}) as found (sentence)`);
  const { rows } = await sql<{ at: number; sentence: string }>`
    select at, sentence from (${sql.raw(parts.join(' union all '))}) as broken order by at, sentence limit ${limit}`.execute(
    db,
  );
  return rows.flatMap(({ at, sentence }) => {
    const check = checks[at];
    return check ? [{ invariant: check.invariant, kind: check.kind, cure: check.cure, sentence }] : [];
  });
}
