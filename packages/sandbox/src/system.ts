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

/** Calls `work` every `every_ms` until the answer is called. One run at a time: a slow run delays the next. */
export function repeat(every_ms: number, work: () => Promise<void>): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void work().finally(next), every_ms);
    timer.unref();
  };
  next();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/**
 * Posts one webhook over the network. Redirects are not followed: Stripe counts them as failures.
 * @throws when the target does not answer within `timeout_ms`, or at all
 */
export async function post(request: Request, timeout_ms: number): Promise<Response> {
  return fetch(request, { redirect: 'manual', signal: AbortSignal.timeout(timeout_ms) });
}

/** Runs `work` and gives up after `timeout_ms` of wall time. */
export async function withTimeout<T>(work: Promise<T>, timeout_ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeout_ms} ms`)), timeout_ms);
    timer.unref();
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
