import type { Books, Sandbox } from '@kassa/sandbox';
import type { Evidence } from '../world/evidence.ts';

/** A broken invariant, in one sentence that names the row. */
export interface Violation {
  readonly invariant: string;
  readonly sentence: string;
}

/** What checkers may look at: the tables, Stripe's private books, and what the outside world saw. */
export interface Scene {
  readonly ask: <Row>(text: string, values?: unknown[]) => Promise<Row[]>;
  readonly books: Books;
  readonly sandbox: Sandbox;
  readonly evidence: Evidence;
}

/** Rows of one statement, each a broken rule. Statements of several families are sent as one. */
export interface SqlCheck {
  readonly invariant: string;
  /** Selects one text column: the sentence. */
  readonly sql: string;
}

export async function askAll(ask: Scene['ask'], checks: readonly SqlCheck[]): Promise<Violation[]> {
  const parts = checks.map(
    ({ invariant, sql }) => `select '${invariant}' as invariant, sentence from (${sql}) as found (sentence)`,
  );
  return ask<Violation>(`${parts.join(' union all ')} order by 1, 2`);
}
