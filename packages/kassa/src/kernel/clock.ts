/**
 * Time as a parameter. The real one lives in `system.ts`; tests and the simulation hand in a virtual one.
 * Everything that asks for the time or waits takes a `Clock`, so a run can be repeated to the millisecond.
 */
export interface Clock {
  /** Wall time. Two calls may answer the same instant, and the wall clock may step back. */
  now(): Date;
  /**
   * Resolves after `ms` milliseconds of this clock's time, or earlier when `signal` is aborted because nobody waits any
   * more. A clock may ignore the signal: then the sleep runs out unheard.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
