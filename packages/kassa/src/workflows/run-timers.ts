import type { Log } from '../kernel/log.ts';

/** A timer that this worker alone may run for now. `attempts` counts the failures so far. */
export interface DueTimer {
  readonly subject: string;
  readonly kind: string;
  readonly attempts: number;
  readonly payload: unknown;
}

/** What a timer of this kind does. Repeatable: a crash before the timer is ended runs it again. */
export type TimerStory<Timer extends DueTimer> = (timer: Timer) => Promise<void>;

/** Everything that a round needs, handed in: this room knows stories and time, but no table. */
export interface TimerRound<Timer extends DueTimer> {
  claim(limit: number): Promise<readonly Timer[]>;
  /** Ends a timer that has run. One that was set anew meanwhile stays set. */
  finish(timer: Timer): Promise<void>;
  /** Due again after a growing pause. A timer is never given up. */
  fail(timer: Timer, error: unknown): Promise<void>;
  readonly stories: Readonly<Record<string, TimerStory<Timer>>>;
  readonly log: Log;
}

/**
 * One round over what is due: claims timers one by one, runs the story of their kind, ends them. One that fails comes
 * back later and delays no other; one whose kind this version does not know stays and is reported each time.
 * @returns how many were tried; zero means that nothing was due.
 */
export async function runTimers<Timer extends DueTimer>(round: TimerRound<Timer>, limit: number): Promise<number> {
  for (let tried = 0; tried < limit; tried += 1) {
    // One at a time: a claim on the next would run out while this one talks to Stripe.
    const [timer] = await round.claim(1);
    if (!timer) return tried;
    await runTimer(round, timer);
  }
  return limit;
}

async function runTimer<Timer extends DueTimer>(round: TimerRound<Timer>, timer: Timer): Promise<void> {
  const { subject, kind, attempts } = timer;
  try {
    const story = Object.hasOwn(round.stories, kind) ? round.stories[kind] : undefined;
    if (!story) throw new Error(`this version of Kassa knows no timer of kind ${kind}`);
    await story(timer);
    await round.finish(timer);
  } catch (error) {
    round.log.warn({ subject, kind, attempt: attempts + 1, err: error }, 'a timer failed and will run again');
    await round.fail(timer, error);
  }
}
