import type { CrashReport } from '../crash-points.ts';

const PLACES_SHOWN = 12;

/** What a series of crashes is told by: lines for people, or one object. */
export function crashText(report: CrashReport, json: boolean): string[] {
  const { replays, second_crashes, points, golden_runs, purchases, took_ms } = report;
  const places = [...report.places].sort(([, a], [, b]) => b - a);
  if (json) {
    const sums = { replays, second_crashes, points, golden_runs, purchases, took_ms };
    const counted = { faults: Object.fromEntries(report.faults), places: Object.fromEntries(places) };
    return [JSON.stringify({ what: 'done', ...sums, ...counted })];
  }
  const per_minute = Math.round((replays * 60_000) / Math.max(1, took_ms));
  return [
    `${replays} runs with something gone wrong at a point of its own, ${second_crashes} with a crash after it: 0 violations`,
    `${points} points in ${golden_runs} calm runs, ${places.length} kinds of place and fault struck`,
    ...places.slice(0, PLACES_SHOWN).map(([place, times]) => `  ${times}  ${place}`),
    `${Math.round(took_ms / 1000)} s, ${per_minute} a minute`,
  ];
}
