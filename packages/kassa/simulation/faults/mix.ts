import type { UnexpectedMoney } from '../../src/kernel/policies/after-sale.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { CROWDED } from '../world/shops.ts';
import { FAULT_NAMES, FAULTS, type FaultName, PORTS, type Port } from './kinds.ts';

/** What may go wrong in one run, how often, and what the world looks like. Drawn from the seed, or given. */
export interface Mix {
  readonly nodes: 1 | 2 | 3;
  /** How often a step of each port is struck, 0 to 1. */
  readonly rates: Readonly<Record<Port, number>>;
  readonly faults: readonly FaultName[];
  /** Windows of virtual milliseconds since the start in which Stripe, or its webhooks, are away. */
  readonly outages: readonly { readonly what: 'stripe' | 'webhooks'; readonly from: number; readonly to: number }[];
  /** None: no webhook is delivered in the whole run. */
  readonly webhooks: 'sent' | 'none';
  /** How often time runs ahead of those who could go on. */
  readonly haste: number;
  /** What of a transaction others may come between: nothing, or every statement on its own connection. */
  readonly grain: 'transaction' | 'statement';
  readonly shop: number;
  /** How often Kassa compares with Stripe by itself, in minutes. */
  readonly compares_min: number;
  /** Whatever falls due is looked at in its time, as a real server does; otherwise comparisons may be late. */
  readonly punctual: boolean;
  /** How often Kassa asks Stripe for events that never arrived, in minutes; null: never. */
  readonly fetches_min: number | null;
  /** How buyers pay: at Stripe's page, or on a page of the shop that takes the card itself. */
  readonly ways: readonly Way[];
  /** How often a bank asks money back. */
  readonly disputes: number;
  /** The shop raises its prices while people hold quotes. */
  readonly reprices: boolean;
  /** How many payments are taken past Kassa, with the shop's own account. */
  readonly past_kassa: number;
  /** Somebody edits the amount of a payment that waits for its buyer. */
  readonly edits: boolean;
  /** What the shop has said about money that no order asked for as it came. */
  readonly unexpected: UnexpectedMoney;
  /** Who stays away, and which habits nobody has: a failure is told by what it needs (`HABITS`). Never drawn. */
  readonly without?: readonly string[];
  /** Which strikes of chance do nothing, counted from 0: from the first to before the second, or to the end. Never drawn. */
  readonly spares?: readonly Spared[];
}

export type Spared = readonly [from: number, to: number | null];

export function isSpared(spares: readonly Spared[] | undefined, nth: number): boolean {
  return spares?.some(([from, to]) => from <= nth && (to === null || nth < to)) ?? false;
}

/** Which of the shop's pages a buyer stands at: Stripe's own, a booking, or one that a chat leads to. */
export type Way = 'page' | 'booking' | 'chat';
const WAYS: readonly (readonly Way[])[] = [
  ['page'],
  ['page', 'booking', 'chat'],
  ['page', 'booking'],
  ['page', 'chat'],
];

/** A tenth of all steps over many worlds (measured), with whole ports at rest and others at every second step. */
const RATES = [0, 0, 0.05, 0.1, 0.1, 0.2, 0.3, 0.3, 0.5] as const;
/** A crash costs a whole start, and a run of ten purchases has hundreds of steps: the same share is struck, rarer. */
const NODE_RATES = [0, 0, 0.002, 0.005, 0.01, 0.03] as const;
const MINUTE = 60_000;

/** Draws the world of one run: swarm testing, so that each run has its own few troubles and they meet. */
export function drawMix(dice: Dice): Mix {
  const rates = Object.fromEntries(
    PORTS.map((port) => [port, dice.pick(port === 'node' ? NODE_RATES : RATES)]),
  ) as Record<Port, number>;
  const faults = FAULT_NAMES.filter(() => dice.chance(0.6));
  const outages = dice.chance(0.25) ? [outage(dice), ...(dice.chance(0.3) ? [outage(dice)] : [])] : [];
  return {
    nodes: dice.pick([1, 2, 2, 3] as const),
    rates,
    faults,
    outages,
    webhooks: dice.chance(0.1) ? 'none' : 'sent',
    haste: dice.pick([0, 0, 0.01, 0.05]),
    grain: dice.chance(0.03) ? 'statement' : 'transaction',
    shop: dice.pick(CROWDED),
    compares_min: dice.pick([1, 10, 10, 45, 45, 45, 45, 45]),
    fetches_min: dice.pick([null, null, 10, 10, 1]),
    ways: dice.pick(WAYS),
    disputes: dice.pick([0, 0, 1, 2]),
    reprices: dice.chance(0.3),
    punctual: false,
    past_kassa: dice.pick([0, 0, 1, 2]),
    edits: dice.chance(0.2),
    unexpected: {
      without_order: dice.pick(ENDS),
      second_payment: dice.pick(ENDS),
      other_amount: dice.pick(ENDS),
    },
  };
}

const ENDS = ['refund', 'review'] as const;

function outage(dice: Dice): Mix['outages'][number] {
  const from = dice.below(30 * MINUTE);
  return { what: dice.pick(['stripe', 'webhooks'] as const), from, to: from + dice.between(1, 90) * MINUTE };
}

/** Nothing goes wrong. */
export const CALM: Mix = {
  nodes: 2,
  rates: { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 },
  faults: [],
  outages: [],
  webhooks: 'sent',
  haste: 0,
  grain: 'transaction',
  shop: 0,
  compares_min: 45,
  fetches_min: null,
  ways: ['page'],
  disputes: 0,
  reprices: false,
  punctual: false,
  past_kassa: 0,
  edits: false,
  unexpected: { without_order: 'review', second_payment: 'refund', other_amount: 'review' },
};

/** A calm day: whatever goes wrong in it is put there by hand. */
export function calmMix(seed: number): Mix {
  const { shop, ways, fetches_min, nodes, disputes } = drawMix(diceOf(`${seed}/mix`));
  return { ...CALM, shop, ways, fetches_min, nodes, disputes: Math.min(1, disputes) };
}

/** For people: what a mix consists of, in one short line of JSON. */
export function mixText({ rates, faults, outages, ...rest }: Mix): string {
  const live = faults.filter((name) => rates[FAULTS[name].port] > 0);
  const struck = Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate > 0));
  return JSON.stringify({ ...rest, rates: struck, faults: live, ...(outages.length > 0 ? { outages } : {}) });
}
