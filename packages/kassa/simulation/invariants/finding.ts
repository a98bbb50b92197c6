import type { Books, Sandbox } from '@kassa/sandbox';
import type { Check } from '../../src/domain/proof/index.ts';
import type { UnexpectedMoney } from '../../src/kernel/policies/after-sale.ts';
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
  /** Whether Stripe's webhooks had a road at all; absent where nobody sends any. */
  readonly webhooks?: 'sent' | 'none';
  /** What the shop has said about money that no order asked for as it came. */
  readonly unexpected?: UnexpectedMoney;
}

/** Rows of one statement, each a broken rule: what `kassa verify` asks as well, and what only holds in a world at rest. */
export type SqlCheck = Pick<Check, 'invariant' | 'sql'>;

/** Statements of several families are sent as one. */
export async function askAll(ask: Scene['ask'], checks: readonly SqlCheck[]): Promise<Violation[]> {
  const parts = checks.map(
    ({ invariant, sql }) => `select '${invariant}' as invariant, sentence from (${sql}) as found (sentence)`,
  );
  return ask<Violation>(`${parts.join(' union all ')} order by 1, 2`);
}
