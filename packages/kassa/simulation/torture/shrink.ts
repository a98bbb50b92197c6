import { BLOW_WORDS, type Blow, type BlowName } from './blows.ts';
import { type Played, playSchedule, type SchedulePlan, type Stage } from './play.ts';

/** Schedules that are played to find a shorter one. */
const TRIES_MAX = 400;

/**
 * Looks for a shorter schedule that does the same kind of harm: fewer orders, then fewer blows, then one single blow.
 * What comes back is played from its seed like any other.
 */
export async function shrink(stage: Stage, found: Played): Promise<Played> {
  const harm = found.findings[0]?.what;
  let best: Played = found;
  let tries = 0;
  const attempt = async (change: Partial<SchedulePlan>): Promise<boolean> => {
    if (tries >= TRIES_MAX) return false;
    tries += 1;
    const played = await playSchedule(stage, { ...best.plan, blows: best.struck, ...change });
    if (played.findings[0]?.what !== harm) return false;
    best = played;
    return true;
  };
  // With fewer orders the points are others, so one order begins with chance again.
  if (best.plan.orders > 1) await attempt({ orders: 1, blows: null });
  await attempt({});
  await dropOneByOne();
  if (best.plan.orders > 1) await tryEachAlone(1);
  if (best.struck.length > 1) await tryEachAlone(best.plan.orders);
  return best;

  async function dropOneByOne(): Promise<void> {
    for (const gone of [...best.struck].reverse()) {
      if (best.struck.length > 1) await attempt({ blows: best.struck.filter(({ at }) => at !== gone.at) });
    }
  }

  /** One blow at each point of a calm schedule: first of the kinds that did harm already. */
  async function tryEachAlone(orders: number): Promise<void> {
    const names = [...new Set(best.struck.map(({ name }) => name))];
    const others = (Object.keys(BLOW_WORDS) as BlowName[]).filter((name) => !names.includes(name));
    const { points } = await playSchedule(stage, { ...best.plan, orders, blows: [] });
    for (const name of [...names, ...others]) {
      for (let at = 1; at <= points; at += 1) {
        const alone: Blow[] = [{ at, name }];
        if (tries >= TRIES_MAX || (await attempt({ orders, blows: alone }))) return;
      }
    }
  }
}
