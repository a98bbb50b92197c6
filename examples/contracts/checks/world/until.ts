/** Longer than anything takes: a busy machine of two cores is slow, and a failure is rare. */
const WAIT_MS = 60_000;
const POLL_MS = 20;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks until the answer is not undefined: for what the shop does in its own time. Fails after the deadline. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  within_ms = WAIT_MS,
): Promise<T> {
  const end_ms = Date.now() + within_ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end_ms) throw new Error(`within ${within_ms} ms it did not happen that ${what}`);
    await pause(POLL_MS);
  }
}
