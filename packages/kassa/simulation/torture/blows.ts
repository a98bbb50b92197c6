import { type Dice, diceOf } from '../engine/dice.ts';
import { FATES } from '../world/database/hold.ts';

/** What may happen to a hook's call to the outside, and how people are told of it. */
export const CALL_BLOWS = {
  never_sent: 'the connection fails: nothing is done there',
  answer_lost: 'it is done there, and the answer is lost',
  refused: 'the receiver answers 503 and does nothing',
  late_answer: 'it is done there, and the answer comes after 90 seconds',
  late_effect: 'it is done there after 90 seconds',
  no_end: 'the receiver never answers and does nothing',
  dies_before: 'the machine dies before anything is sent',
  dies_after: 'it is done there, and the machine dies before it is remembered',
  overtaken: 'it is done there, and meanwhile another worker takes the delivery over',
} as const;

/** What may happen to a worker's talk with its own database. */
const DATABASE_BLOWS: Readonly<Record<string, string>> = {
  database_conflict: 'the transaction meets another one',
  database_lost: 'the connection to the database is lost',
  database_answer_lost: 'the database does it, and its answer is lost',
  crashed_in_transaction: 'the machine dies inside a transaction',
  crashed_after_commit: 'the machine dies right after a commit',
  commit_lost: 'the connection is lost before a commit',
  commit_untold: 'the commit is done, and its answer is lost',
};

export type CallBlow = keyof typeof CALL_BLOWS;
export type BlowName = CallBlow | (typeof FATES)[number];

export const BLOW_WORDS: Readonly<Record<string, string>> = { ...CALL_BLOWS, ...DATABASE_BLOWS };

/** What goes wrong, and at which point of its schedule: points are counted from 1. */
export interface Blow {
  readonly at: number;
  readonly name: BlowName;
}

/** Decides at each point whether something goes wrong there, and remembers what did. */
export interface Blows {
  strike<Name extends BlowName>(names: readonly Name[]): Name | undefined;
  readonly struck: readonly Blow[];
  /** How many points there were so far. */
  readonly points: number;
}

/** Hooks are given up after twenty tries: fewer blows than that leave every delivery a way to its end. */
const STRUCK_MAX = 8;
const RATES = [0.03, 0.08, 0.15, 0.3];

/** What the seed draws: each schedule has its own rate, so that some are nearly calm and some are full of trouble. */
export function drawnBlows(seed: number): Blows {
  const dice: Dice = diceOf(`${seed}/blows`);
  const rate = dice.pick(RATES);
  return counting((_at, names, struck) =>
    struck.length < STRUCK_MAX && dice.chance(rate) ? dice.pick(names) : undefined,
  );
}

/** Exactly these, where they fit the point they name. */
export function scriptedBlows(script: readonly Blow[]): Blows {
  return counting((at, names) => {
    const name = script.find((one) => one.at === at)?.name;
    return names.find((one) => one === name);
  });
}

type Decide = (at: number, names: readonly BlowName[], struck: readonly Blow[]) => BlowName | undefined;

function counting(decide: Decide): Blows {
  const struck: Blow[] = [];
  let points = 0;
  return {
    strike(names) {
      points += 1;
      const name = decide(points, names, struck) as (typeof names)[number] | undefined;
      if (name !== undefined) struck.push({ at: points, name });
      return name;
    },
    struck,
    get points() {
      return points;
    },
  };
}

/** The name in a script that no blow has. */
export function unknownBlow(script: readonly Blow[]): string | undefined {
  return script.find(({ name }) => !Object.hasOwn(BLOW_WORDS, name))?.name;
}

/** `9:dies_after,14:answer_lost`, as a failure prints it. */
export function writeBlows(blows: readonly Blow[]): string {
  return blows.length === 0 ? 'calm' : blows.map(({ at, name }) => `${at}:${name}`).join(',');
}

export { FATES };
