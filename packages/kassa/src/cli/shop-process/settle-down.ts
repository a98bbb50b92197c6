import type { Clock } from '../../kernel/clock.ts';
import { giveBackMemory } from '../../system.ts';

/** So long after it listens nobody waits for a start any more. */
const SETTLED_MS = 1_000;

/** Once a server has come up, it gives back the memory that its start needed: a pause of a tenth of a second, once. */
export async function settleDown(clock: Clock, stopping: AbortSignal): Promise<void> {
  await clock.sleep(SETTLED_MS, stopping);
  if (!stopping.aborted) await giveBackMemory();
}
