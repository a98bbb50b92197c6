import { assert } from './assert.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** After errors the pause doubles up to this: a database that is away is asked twice a minute, not a hundred times. */
const ERROR_PAUSE_MAX_MS = 30_000;

export interface Repeating {
  /** There may be work: go round now instead of after the pause. A hint that is lost only costs the pause. */
  wake(): void;
  /** Lets the round under way finish, then ends. Resolves when it has. */
  stop(): Promise<void>;
}

/**
 * Goes round a worker's step until it is stopped: at once again while the step says that it found work, else after
 * `pause_ms` or when woken. An error is logged and followed by a growing pause that a wake-up does not cut short; the
 * loop never ends by itself, because a worker that died quietly is an order lost quietly.
 * @param step answers how many things it did; zero means that nothing was due.
 */
export function repeat(
  clock: Clock,
  step: () => Promise<number>,
  { name, pause_ms, log }: { readonly name: string; readonly pause_ms: number; readonly log: Log },
): Repeating {
  assert(pause_ms > 0, 'a worker pauses for more than no time, else it burns the machine');
  const stopping = new AbortController();
  const pause = pauser(clock, stopping.signal);
  let stopped = false;
  let woken = false;
  let failures = 0;
  let goOn: () => void = () => undefined;
  let giveUp: () => void = () => undefined;

  async function rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      goOn = resolve;
      void pause(pause_ms).then(resolve);
    });
  }

  async function recover(error: unknown): Promise<void> {
    failures += 1;
    const wait_ms = Math.min(pause_ms * 2 ** Math.min(failures, 16), Math.max(ERROR_PAUSE_MAX_MS, pause_ms));
    log.error({ worker: name, err: error, failures, wait_ms }, 'a worker round failed and will be tried again');
    if (stopped) return;
    await new Promise<void>((resolve) => {
      giveUp = resolve;
      void clock.sleep(wait_ms, stopping.signal).then(resolve);
    });
  }

  async function run(): Promise<void> {
    while (!stopped) {
      // Cleared before the round looks: whoever wakes us from here on asks for a look that is still to come.
      woken = false;
      try {
        const done = await step();
        failures = 0;
        if (done === 0 && !woken && !stopped) await rest();
      } catch (error) {
        await recover(error);
      }
    }
  }

  const ended = run();
  return {
    wake() {
      woken = true;
      goOn();
    },
    stop() {
      stopped = true;
      stopping.abort();
      goOn();
      giveUp();
      return ended;
    },
  };
}

/** One sleep at a time: a worker woken a thousand times a second leaves one timer behind, not a thousand. */
function pauser(clock: Clock, signal: AbortSignal): (ms: number) => Promise<void> {
  let sleeping: Promise<void> | undefined;
  return (ms) => {
    sleeping ??= clock.sleep(ms, signal).finally(() => {
      sleeping = undefined;
    });
    return sleeping;
  };
}
