import type { Dice } from '../engine/dice.ts';
import type { Trace } from '../engine/trace.ts';
import { FAULTS, type FaultName, type Port } from './kinds.ts';
import type { Mix } from './mix.ts';

/** Decides, step by step, whether something goes wrong. */
export interface Faults {
  /** Which of these strikes this step of their port, if any. */
  strike(port: Port, names: readonly FaultName[], where: string): FaultName | undefined;
  /** Counts a fault that was decided elsewhere, such as an outage. */
  note(name: FaultName, where: string): void;
  /** Is Stripe, or are its webhooks, away at this moment? */
  away(what: 'stripe' | 'webhooks'): boolean;
  /** From now on nothing goes wrong any more: what was begun must come to its end. */
  stop(): void;
  readonly stopped: boolean;
  readonly counts: Map<FaultName, number>;
}

export interface FaultsWorld {
  readonly dice: Dice;
  readonly trace: Trace;
  readonly mix: Mix;
  readonly since_start: () => number;
  readonly who: () => string;
}

export function createFaults({ dice, trace, mix, since_start, who }: FaultsWorld): Faults {
  const counts = new Map<FaultName, number>();
  const enabled = new Set<FaultName>(mix.faults);
  let stopped = false;
  const note = (name: FaultName, where: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    trace.add({ t: since_start(), node: who(), point: where, outcome: `${FAULTS[name].id} ${name}` });
  };
  return {
    strike(port, names, where) {
      if (stopped || !dice.chance(mix.rates[port])) return undefined;
      const possible = names.filter((name) => enabled.has(name));
      if (possible.length === 0) return undefined;
      const name = dice.pick(possible);
      note(name, where);
      return name;
    },
    note,
    away: (what) =>
      !stopped && mix.outages.some((one) => one.what === what && one.from <= since_start() && since_start() < one.to),
    stop() {
      stopped = true;
    },
    get stopped() {
      return stopped;
    },
    counts,
  };
}
