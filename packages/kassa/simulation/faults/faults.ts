import type { Dice } from '../engine/dice.ts';
import type { Trace } from '../engine/trace.ts';
import { type Counted, CRASHES, type FaultName, numberOf, type Port } from './kinds.ts';
import { isSpared, type Mix } from './mix.ts';
import type { Script } from './script.ts';

/** Decides, step by step, whether something goes wrong. */
export interface Faults {
  /** Which of these strikes this step of their port, if any. */
  strike(port: Port, names: readonly FaultName[], where: string, stack?: string): FaultName | undefined;
  /** Whoever waits before a strike remembers who asked, where somebody wants to know. */
  readonly remembers: boolean;
  /** Counts what was decided elsewhere, such as an outage, or what a bank did. */
  note(name: Counted, where: string): void;
  /** Is Stripe, or are its webhooks, away at this moment? */
  away(what: 'stripe' | 'webhooks'): boolean;
  /** When the last outage ends, in milliseconds since the start. */
  readonly away_until_ms?: number;
  /** From now on nothing goes wrong any more: what was begun must come to its end. */
  stop(): void;
  readonly stopped: boolean;
  readonly counts: Map<Counted, number>;
  /** How often chance has struck, those that were spared among them. */
  readonly drawn: number;
  /** When a script struck last, in milliseconds since the start: it strikes in calm weather too. */
  readonly scripted_ms: number | undefined;
}

export interface FaultsWorld {
  readonly dice: Dice;
  readonly trace: Trace;
  readonly mix: Mix;
  readonly since_start: () => number;
  readonly who: () => string;
  /** Whether whoever is at work has died so often in this run that another death teaches nothing. */
  readonly weary: () => boolean;
  /** Takes the place of chance. */
  readonly script?: Script | undefined;
}

export function createFaults({ dice, trace, mix, since_start, who, weary, script }: FaultsWorld): Faults {
  const counts = new Map<Counted, number>();
  const enabled = new Set<FaultName>(mix.faults);
  let stopped = false;
  let drawn = 0;
  let scripted_ms: number | undefined;
  const note = (name: Counted, where: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    trace.add({ t: since_start(), node: who(), point: where, outcome: `${numberOf(name)} ${name}` });
  };
  return {
    remembers: script?.names === true,
    strike(port, names, where, stack) {
      const blow = script?.ask(port, where, names, stack);
      if (blow !== undefined) {
        scripted_ms = since_start();
        note(blow, where);
        return blow;
      }
      if (stopped || !dice.chance(mix.rates[port])) return undefined;
      const possible = names.filter((name) => enabled.has(name) && !(CRASHES.includes(name) && weary()));
      if (possible.length === 0) return undefined;
      const name = dice.pick(possible);
      const nth = drawn;
      drawn += 1;
      // The dice fall as before, so everything until here is as it was in the world with this strike.
      if (isSpared(mix.spares, nth)) return undefined;
      note(name, where);
      return name;
    },
    note,
    away: (what) =>
      !stopped && mix.outages.some((one) => one.what === what && one.from <= since_start() && since_start() < one.to),
    away_until_ms: Math.max(0, ...mix.outages.map(({ to }) => to)),
    stop() {
      stopped = true;
    },
    get stopped() {
      return stopped;
    },
    counts,
    get drawn() {
      return drawn;
    },
    get scripted_ms() {
      return scripted_ms;
    },
  };
}
