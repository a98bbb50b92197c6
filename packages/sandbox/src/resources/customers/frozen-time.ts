import type { Tx } from '../../store/tx.ts';

/** Is the time of this customer that of a test clock? */
export function onTestClock(tx: Tx, customer: string | null): boolean {
  return customer !== null && (tx.find('customer', customer)?.test_clock ?? null) !== null;
}

/** Seconds, as this customer's objects see them: the frozen time of their test clock, or the sandbox's own. */
export function timeFor(tx: Tx, customer: string | null): number {
  const clock = customer === null ? null : (tx.find('customer', customer)?.test_clock ?? null);
  if (clock === null) return tx.now;
  return tx.find('test_helpers.test_clock', String(clock))?.frozen_time ?? tx.now;
}
