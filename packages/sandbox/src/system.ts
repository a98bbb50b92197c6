/**
 * The only file of this package that touches the real world: wall clock, timers, randomness and the network.
 * Everything else is handed these things, so a run with a virtual clock and a seed is repeatable to the byte.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { SandboxClock } from './kernel/clock.ts';

/** The wall clock, in milliseconds since 1970. */
export function systemClock(): SandboxClock {
  return {
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** A seed nobody can guess, for a sandbox that was not given one. */
export function randomSeed(): string {
  return randomBytes(24).toString('hex');
}

/** What the scripts and styles of one page are known by; another one for each page. */
export function pageNonce(): string {
  return randomBytes(16).toString('base64url');
}

/** Milliseconds that only ever grow; used for durations in logs, never for decisions. */
export function stopwatch(): () => number {
  const started = performance.now();
  return () => Math.round((performance.now() - started) * 1000) / 1000;
}

/** A run of tests that names a file here gets every sandbox strict, also those that its programs start by themselves. */
export function strictRun(): boolean {
  return (process.env.KASSA_SANDBOX_STRICT ?? '') !== '';
}

/** Writes a reply outside its type to that file, so that the run can fail for it whoever swallowed the error. */
export function noteViolation(sentence: string): void {
  const file = process.env.KASSA_SANDBOX_STRICT ?? '';
  if (file !== '') appendFileSync(file, `${sentence}\n`);
}

/** Calls `work` every `every_ms` until the answer is called. */
export function repeat(every_ms: number, work: () => void): () => void {
  const timer = setInterval(work, every_ms);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Posts one webhook over the network. Redirects are not followed: Stripe counts them as failures.
 * @throws when the target does not answer within `timeout_ms`, when `ending` says to hang up, or at all
 */
export async function post(request: Request, timeout_ms: number, ending: AbortSignal): Promise<Response> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeout_ms), ending]);
  return fetch(request, { redirect: 'manual', signal });
}

const tooLate = (timeout_ms: number): Error => new Error(`no answer within ${timeout_ms} ms`);

/** Gives up on `work` after `timeout_ms` of wall time, with the error that `late` makes. */
export async function withTimeout<T>(work: Promise<T>, timeout_ms: number, late = tooLate): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late(timeout_ms)), timeout_ms);
    timer.unref();
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
