import type { ContractDesk } from '../contract.ts';

/** What the steps that name a session are handed. */
export interface SessionDesk extends ContractDesk {
  readonly crowd: Crowd;
}

/** Who is at work on what right now. */
export interface Crowd {
  /**
   * Runs `work`. The first about a subject is counted; those that arrive while one is at work ride along, because
   * together they cost Stripe what one costs. So a form sent twenty times at once is one use, and twenty in a row are
   * twenty.
   */
  enter<Result>(subject: string, count: () => void, work: () => Promise<Result>): Promise<Result>;
}

export function createCrowd(): Crowd {
  const inside = new Map<string, number>();
  return {
    async enter(subject, count, work) {
      const before = inside.get(subject) ?? 0;
      if (before === 0) count();
      inside.set(subject, before + 1);
      try {
        return await work();
      } finally {
        const left = (inside.get(subject) ?? 1) - 1;
        if (left === 0) inside.delete(subject);
        else inside.set(subject, left);
      }
    },
  };
}
