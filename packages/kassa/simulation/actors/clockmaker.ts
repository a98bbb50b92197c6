import type { Dice } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';
import type { KassaNode } from '../world/node.ts';

const MINUTE = 60_000;
const SKEWS_MS = [-5 * MINUTE, -2_000, 3_000, 90_000, 6 * MINUTE];

/** Clocks of machines differ, and now and then somebody sets one. */
export function sendClockmaker(scheduler: Scheduler, faults: Faults, nodes: readonly KassaNode[], dice: Dice): void {
  scheduler.spawn(newLife('clockmaker'), 'works', async () => {
    for (const node of nodes) {
      if (faults.strike('clock', ['clock_skewed'], node.name)) node.skew_ms = dice.pick(SKEWS_MS);
    }
    for (let round = 0; round < 6 && !faults.stopped; round += 1) {
      await scheduler.sleep(dice.below(10 * MINUTE));
      if (faults.strike('clock', ['clock_jumps'], 'clock')) dice.pick(nodes).skew_ms = dice.pick([0, ...SKEWS_MS]);
    }
  });
}
