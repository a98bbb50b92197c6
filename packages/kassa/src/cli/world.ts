import type { World } from '../app.ts';
import type { Log } from '../kernel/log.ts';
import { idsFrom, systemClock, systemHttp, systemRandom } from '../system.ts';

/** The real world with a log of the command's choice. */
export function realWorld(log: Log): World {
  const clock = systemClock();
  const random = systemRandom();
  return { clock, random, ids: idsFrom(clock, random), log, http: systemHttp() };
}
