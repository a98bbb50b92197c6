import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { giveBackMemory, keepYoungSmall } from '../../system.ts';

/** So long after it listens nobody waits for a start any more. */
const SETTLED_MS = 1_000;

/**
 * Once a server has come up, it gives back the memory that its start needed: a pause of a tenth of a second, once. Where
 * that cannot be done the shop goes on as it is. From then on it keeps the room small in which requests come and go.
 */
export async function settleDown({ clock, log }: { clock: Clock; log: Log }, stopping: AbortSignal): Promise<void> {
  await clock.sleep(SETTLED_MS, stopping);
  if (stopping.aborted) return;
  keepYoungSmall();
  try {
    await giveBackMemory();
  } catch (error) {
    log.debug({ err: error }, 'the memory of the start could not be given back');
  }
}
