import type { CrashReport } from '../crash-points.ts';
import type { PointsReport } from '../measured/golden-points.ts';

const PLACES_SHOWN = 12;

/** What became of the places at which something can go wrong: those that are new, and those that are gone. */
export function pointsText({ points, added, gone, runs }: PointsReport, json: boolean): string[] {
  if (json) return [JSON.stringify({ what: 'points', points: points.length, added, gone, runs })];
  return [
    `${points.length} kinds of point in ${runs} calm runs, ${added.length} added and ${gone.length} gone since the list was written`,
    ...added.map((name) => `+ ${name}`),
    ...gone.map((name) => `- ${name}`),
  ];
}

/** What a series of crashes is told by: lines for people, or one object. */
export function crashText(report: CrashReport, json: boolean): string[] {
  const { replays, second_crashes, points, golden_runs, added, purchases, took_ms } = report;
  const places = [...report.places].sort(([, a], [, b]) => b - a);
  if (json) {
    const sums = { replays, second_crashes, points, golden_runs, added, purchases, took_ms };
    const counted = { faults: Object.fromEntries(report.faults), places: Object.fromEntries(places) };
    return [JSON.stringify({ what: 'done', ...sums, ...counted })];
  }
  const per_minute = Math.round((replays * 60_000) / Math.max(1, took_ms));
  return [
    `${replays} runs with something gone wrong at a point of its own, ${second_crashes} with a crash after it: 0 violations`,
    `${points} points in ${golden_runs} calm runs, ${places.length} kinds of place and fault struck`,
    ...added.map((name) => `+ ${name}`),
    ...places.slice(0, PLACES_SHOWN).map(([place, times]) => `  ${times}  ${place}`),
    `${Math.round(took_ms / 1000)} s, ${per_minute} a minute`,
  ];
}
