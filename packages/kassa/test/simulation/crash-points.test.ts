// Goal: wherever a server dies, and wherever an answer is lost, what was begun comes to its end.
// Method: a calm world counts its own points, and runs again with something gone wrong at one of them, every second time
// with a crash while that is mended. A few here; `npm run sim:crashes` takes thousands.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { blowsAt, blowsText, readBlows, scriptOf } from '../../simulation/faults/script.ts';
import { readPoints } from '../../simulation/runs/measured/golden-points.ts';
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

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));
/** Stories that write and have no part in a calm day, and who tries them cut in half. */
const NOT_IN_A_CALM_DAY: Readonly<Record<string, string>> = {
  'flows/asking/forget-deleted': 'nobody deletes a customer at Stripe: test/flows/customers',
  'flows/buyers/customer-of': 'its buyers are known to Stripe by their first payment: test/flows/customers',
  'flows/buyers/make-customer': 'only programs with a key make one: test/flows/customers',
  'flows/checkout/answer-once': 'keys of requests that are no checkouts: test/contracts/chat-payments',
  'flows/checkout/fill-order': 'drafts of the ticket shop: test/contracts/ticket-order',
  'flows/checkout/finish-checkout': 'takes up what a crash has left: every day that is not calm',
  'flows/keys/create-key': 'people at the command line: test/cli/key',
  'flows/keys/revoke-key': 'people at the command line: test/cli/key',
  'flows/opening/take-turn': 'only where Stripe has no room left: test/money/crowds',
  'flows/proof/adopt': 'money that nobody knows is taken on days that are not calm',
  'flows/proof/close-review': 'a person decides: test/flows/close-review',
  'flows/proof/replay': 'a person asks: test/cli/proof',
  'flows/proving/what-differs': 'reads only',
  'flows/reconciling/compare-silent': 'a bank that thinks for longer than three days: test/regression-core/reconcile',
  'flows/refunds/repay-elsewhere': 'a person decides: test/flows/paid-elsewhere',
  'flows/upkeep/close-days': 'sums of past days: test/flows',
  'flows/upkeep/forget-bodies': 'months later: test/flows/forget-bodies',
};

test('every story that writes was cut in half at its own points, or says who tries that in its place', () => {
  const points = readPoints();
  const stories = globSync('flows/**/*.ts', { cwd: SOURCE })
    .filter((file) => !file.endsWith('.test.ts') && readFileSync(SOURCE + file, 'utf8').includes('inTransaction('))
    .map((file) => file.replace(/\.ts$/, ''));
  const tried = (story: string): boolean => points.some((point) => point.startsWith(`${story} `));
  expect(stories.length).toBeGreaterThan(20);
  expect(stories.filter((story) => !tried(story) && !(story in NOT_IN_A_CALM_DAY))).toEqual([]);
  expect(Object.keys(NOT_IN_A_CALM_DAY).filter((story) => !stories.includes(story) || tried(story))).toEqual([]);
});

test('the places at which something can go wrong are told by their names, new ones and those that are gone', async () => {
  const { code, out, said } = await simulated('--points', 'compare');
  expect(code, out).toBe(0);
  const { points, added, gone } = said.get('points') ?? {};
  console.info(`${String(points)} kinds of point; since the list was written`, { added, gone });
  // What is added and gone is told, not refused: `kassa simulate --points write` keeps it.
  const kept = readPoints();
  expect(kept).toEqual(expect.arrayContaining(gone as string[]));
  expect(kept.filter((name) => (added as string[]).includes(name))).toEqual([]);
  expect((gone as string[]).length).toBeLessThan(kept.length / 4);
  expect(points).toBeGreaterThan(100);
}, 300_000);

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

const CALM =
  '{"nodes":2,"rates":{"http":0,"webhook":0,"database":0,"mail":0,"node":0,"clock":0,"buyer":0},"outages":[],"webhooks":"sent","haste":0,"grain":"transaction","shop":6,"compares_min":45,"fetches_min":10,"ways":["page","booking","chat"],"disputes":0,"reprices":false,"punctual":false,"past_kassa":0,"edits":false,"unexpected":{"without_order":"review","second_payment":"refund","other_amount":"review"},"faults":[]}';

test('a day is calm from the last blow on: who is struck ten days and again twelve days later has time to mend it', async () => {
  const blows = '1023:database_conflict,6:crash';
  const { code, out } = await simulated('--seed', '1787188151', '--purchases', '2', '--mix', CALM, '--crash-at', blows);
  expect(code, out).toBe(0);
}, 60_000);
