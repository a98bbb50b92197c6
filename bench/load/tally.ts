import type { Latency, LoadResult } from './plan.ts';

const ODD_ANSWERS_MAX = 3;

/** What came back so far. */
export interface Tally {
  note(status: number, ms: number, answer: { readonly retry_after: boolean; readonly body: () => string }): void;
  broke(error: unknown): void;
  result(): Omit<LoadResult, 'sent' | 'elapsed_s'>;
}

export function newTally(): Tally {
  const statuses: Record<string, number> = {};
  const good: number[] = [];
  const refused: number[] = [];
  const odd: string[] = [];
  let broken = 0;
  let without_retry_after = 0;
  return {
    note(status, ms, answer) {
      statuses[String(status)] = (statuses[String(status)] ?? 0) + 1;
      if (status < 300) good.push(ms);
      else if (status === 503 || status === 429) {
        refused.push(ms);
        if (!answer.retry_after) without_retry_after += 1;
      }
      if (status >= 300 && odd.length < ODD_ANSWERS_MAX) odd.push(`${status} ${answer.body().slice(0, 300)}`);
    },
    broke(error) {
      broken += 1;
      if (odd.length < ODD_ANSWERS_MAX) odd.push(String(error));
    },
    result() {
      const latency = latencyOf(good);
      return { statuses, broken, latency, refusal: latencyOf(refused), odd_answers: odd, without_retry_after };
    },
  };
}

function latencyOf(times: number[]): Latency {
  times.sort((left, right) => left - right);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { p50_ms: at(0.5), p99_ms: at(0.99), max_ms: times.at(-1) ?? 0 };
}
