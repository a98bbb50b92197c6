import type { Clock } from '../../src/kernel/clock.ts';
import type { Ids } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { Random } from '../../src/kernel/random.ts';
import { idsFrom, systemClock, systemRandom } from '../../src/system.ts';

/** Real time and real chance, for tests whose subject is a real server. */
export const realClock: Clock = systemClock();
export const realRandom: Random = systemRandom();
export const realIds: Ids = idsFrom(realClock, realRandom);

export const quietWorld = { clock: realClock, random: realRandom, log: silentLog };

/** Asks until the answer is not undefined: for what another process does in its own time. Fails after `within_ms`. */
export async function eventually<T>(ask: () => Promise<T | undefined> | T | undefined, within_ms = 60_000): Promise<T> {
  const until = Date.now() + within_ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > until) throw new Error(`nothing came within ${within_ms} ms of: ${ask.toString()}`);
    await realClock.sleep(15);
  }
}
