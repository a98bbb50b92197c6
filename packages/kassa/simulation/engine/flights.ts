import { turn } from './real.ts';

/** Real input and output under way. While there is any, nobody is chosen. */
export interface Flights {
  io<T>(work: () => Promise<T>): Promise<T>;
  /** Comes back when nothing is under way and everything that can run without the outside world has run. */
  landed(): Promise<void>;
}

export function createFlights(): Flights {
  let flying = 0;
  let hear: (() => void) | undefined;
  return {
    async io(work) {
      flying += 1;
      try {
        return await work();
      } finally {
        flying -= 1;
        if (flying === 0) hear?.();
      }
    },
    async landed() {
      do {
        if (flying > 0) {
          await new Promise<void>((resolve) => {
            hear = resolve;
          });
        }
        await turn();
      } while (flying > 0);
    },
  };
}
