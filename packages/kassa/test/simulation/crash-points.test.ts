// Goal: wherever a server dies, and wherever an answer is lost, what was begun comes to its end.
// Method: a calm world counts its own points, and runs again with something gone wrong at one of them, every second time
// with a crash while that is mended. A few here; `npm run sim:crashes` takes thousands.
import { expect, test } from 'vitest';
import { blowsAt, blowsText, readBlows, scriptOf } from '../../simulation/faults/script.ts';
import { realRandom } from '../setup/world.ts';
import { simulated } from './simulate-process.ts';

/** How many points are struck; more by KASSA_TEST_CRASH_POINTS. */
const REPLAYS = process.env.KASSA_TEST_CRASH_POINTS ?? '6';

test('a script counts every place where something may go wrong, and strikes at the one that it was told', () => {
  const golden = scriptOf([]);
  golden.ask('http', 'stripe POST /v1/refunds', ['http_not_sent', 'http_429']);
  golden.ask('clock', 'node_0', ['clock_skewed']);
  golden.ask('database', 'database', ['commit_untold', 'crashed_after_commit']);
  expect(golden.points.map(({ where }) => where)).toEqual(['stripe POST /v1/refunds', 'database']);
  expect(blowsText(blowsAt(golden.points))).toBe('0:http_not_sent,0:http_429,1:commit_untold,1:crashed_after_commit');

  const replay = scriptOf(readBlows('1:commit_untold, 1:crash') ?? []);
  expect(replay.ask('http', 'stripe', ['http_429'])).toBeUndefined();
  expect(replay.ask('database', 'database', ['crashed_after_commit', 'commit_untold'])).toBe('commit_untold');
  // A place at which nobody can crash is passed over.
  expect(replay.ask('database', 'database', ['crashed_after_commit'])).toBeUndefined();
  expect(replay.ask('http', 'stripe', ['http_429'])).toBeUndefined();
  expect(replay.ask('mail', 'hook', ['mail_down', 'mail_crash'])).toBe('mail_crash');
  expect(replay.struck).toEqual(['database: commit_untold', 'hook: mail_crash']);
  expect(readBlows('first:crash')).toBeUndefined();
});

test('whatever goes wrong at one point of a calm day, and a crash after it, loses nothing', async () => {
  const seed = process.env.KASSA_TEST_SIM_SEED ?? String(realRandom.below(2 ** 31));
  const { code, out, said } = await simulated('--crash-points', REPLAYS, '--seed', seed);
  expect(code, out).toBe(0);
  const { replays, points, second_crashes, took_ms, places } = said.get('done') ?? {};
  console.info(`seed ${seed}: ${String(replays)} of ${String(points)} points in ${String(took_ms)} ms`, places);
  expect(String(replays)).toBe(REPLAYS);
  expect(Number(points)).toBeGreaterThan(50);
  expect(Number(second_crashes)).toBeLessThanOrEqual(Number(replays));
}, 300_000);
