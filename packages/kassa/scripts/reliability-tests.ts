// The parts of a long run that are tests with larger numbers.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ended, type Figures, run, runTest, toldAfter } from './reliability-run.ts';

const TEST = 'packages/kassa/test';

/** Real processes killed while a crowd buys. */
export async function kills(count: number): Promise<Figures> {
  const env = { KILLS: String(count), PURCHASES: String(count * 3) };
  const { code, out, command } = await runTest(`${TEST}/faults/kill.test.ts`, env);
  const [told] = toldAfter<{ payments: number; kills: number }>('kills:', out);
  const held = code === 0 && told !== undefined;
  const lost = ended(held);
  return {
    ...{ title: 'real processes killed', command, held },
    lines: [
      ['SIGKILL', String(told?.kills ?? 0)],
      ['payments at Stripe', String(told?.payments ?? 0)],
      ['lost', lost],
    ],
    targets: { 'T3 kills': `${told?.kills ?? 0} SIGKILLs, ${told?.payments ?? 0} payments, lost: ${lost}` },
  };
}

/** The database stopped at once while a crowd buys. */
export async function stops(count: number): Promise<Figures> {
  const env = { STOPS: String(count), PURCHASES: String(count * 3) };
  const { code, out, command } = await runTest(`${TEST}/faults/postgres-stops.test.ts`, env);
  const [told] = toldAfter<{ payments: number; stops: number; slowest_ms: number }>('stops:', out);
  const held = code === 0 && told !== undefined;
  const lost = ended(held);
  const slowest = `${((told?.slowest_ms ?? 0) / 1000).toFixed(1)} s`;
  return {
    ...{ title: 'the database stopped at once', command, held },
    lines: [
      ['stops', String(told?.stops ?? 0)],
      ['payments at Stripe', String(told?.payments ?? 0)],
      ['slowest return to ready', slowest],
      ['lost', lost],
    ],
    targets: { T4: `${told?.stops ?? 0} stops, lost: ${lost}, ready again in ${slowest} at most` },
  };
}

interface Interleaved {
  readonly scene: string;
  readonly schedules: number;
  readonly repeats: number;
  readonly whole: boolean;
  readonly failure: boolean;
}

/** All orders of the statements of two callers, and thrown ones of three to five. */
export async function interleavings(): Promise<Figures> {
  const file = `${TEST}/engines/interleavings.test.ts`;
  const processes = availableParallelism();
  const runs = await Promise.all(
    Array.from({ length: processes }, (_, at) =>
      runTest(file, { KASSA_TEST_INTERLEAVINGS: 'all', KASSA_TEST_SHARE: `${at + 1}/${processes}` }),
    ),
  );
  const all = runs.flatMap(({ out }) => toldAfter<Interleaved>('interleaving', out));
  const pairs = all.filter(({ scene }) => !scene.endsWith(' at once'));
  const sum = (list: readonly Interleaved[]): number => list.reduce((total, one) => total + one.schedules, 0);
  const whole = pairs.filter((one) => one.whole).length;
  const crowds = all.filter(({ scene }) => scene.endsWith(' at once'));
  const held = runs.every(({ code }) => code === 0) && pairs.length > 0;
  return {
    ...{ title: 'orders of statements', command: 'npm run test:interleavings', held },
    lines: [
      ['pairs of callers', String(pairs.length)],
      ['of these in every order', String(whole)],
      ['orders of two callers', String(sum(pairs))],
      ['orders of three to five callers', String(sum(crowds))],
      ['broken', ended(held)],
      ...pairs.map((one) => [one.scene, `${one.schedules}${one.whole ? '' : ', not all of them'}`] as const),
    ],
    targets: {
      T5: `${sum(pairs)} orders of ${pairs.length} pairs, ${whole} of them in full; ${sum(crowds)} of 3 to 5 callers`,
    },
  };
}

/** The mistake behind each incident, put in by itself. */
export async function incidents(): Promise<Figures> {
  const { code, out } = await run(['packages/kassa/scripts/incidents.ts']);
  const found = [...out.matchAll(/^(found |GREEN ) (I\d+) (.*?): /gm)].map(
    ([, verdict = '', name = '', mistake = '']) => ({
      ...{ name, mistake },
      found: verdict.startsWith('found'),
    }),
  );
  const count = found.filter((one) => one.found).length;
  return {
    ...{ title: 'incidents of the field', command: 'npm run test:incidents', held: code === 0 },
    lines: [
      ['tests that fail under their mistake', `${count} of ${found.length}`],
      ...found
        .sort((left, right) => Number(left.name.slice(1)) - Number(right.name.slice(1)))
        .map((one) => [`${one.name}: ${one.mistake}`, one.found ? 'found' : 'not found'] as const),
    ],
    targets: { 'T8 incidents': `${count} of ${found.length} tests fail under their mistake` },
  };
}

/** Every small change of the modules about money, each put in by itself. */
export async function mutants(): Promise<Figures> {
  const config = 'packages/kassa/test/mutants/vitest.config.ts';
  const { code, out } = await run([join('scripts', 'test.mjs'), '--config', config], { NO_COLOR: '1' });
  const modules = [...out.matchAll(/^(\S+\.ts): (\d+ of \d+) mistakes noticed \((.*) %\)/gm)];
  const [, noticed = '0 of 0', percent = '0'] = /^in all (\d+ of \d+) mistakes noticed \((.*) %\)/m.exec(out) ?? [];
  const held = code === 0 && modules.length > 0;
  return {
    ...{ title: 'changes in the modules about money', command: 'npm run test:mutants', held },
    lines: [
      ['noticed', `${noticed}, ${percent} %`],
      ...modules.map(([, module = '', part = '', share = '']) => [module, `${part}, ${share} %`] as const),
    ],
    targets: { 'T8 mutation': `${noticed} changes noticed, ${percent} %` },
  };
}

/** Words about payments in any order and number, on the decision alone. */
export async function tellings(count: number): Promise<Figures> {
  const env = { KASSA_TEST_MULTISETS: String(count) };
  const { code, command } = await runTest(`${TEST}/engines/confluence.test.ts`, env);
  const held = code === 0;
  return {
    ...{ title: 'one end whatever the order', command, held },
    lines: [
      ['sets of words told in two orders', String(count)],
      ['ends that differ', ended(held)],
    ],
    targets: { T7: `${count} sets of words, ends that differ: ${ended(held)}` },
  };
}

/** Refunds in any order, with failures between them, on the plan alone; and pairs at once on Postgres. */
export async function refunds(count: number): Promise<Figures> {
  const scripts = await runTest('packages/kassa/src/flows/refunding/plan.test.ts', {
    KASSA_TEST_SCRIPTS: String(count),
  });
  const pairs = Math.max(50, Math.round(count / 100));
  const at_once = await runTest(`${TEST}/money/refunds.test.ts`, { KASSA_TEST_REFUND_PAIRS: String(pairs) });
  const held = scripts.code === 0 && at_once.code === 0;
  const over = ended(held);
  return {
    ...{ title: 'refunds', command: `${scripts.command} and ${at_once.command}`, held },
    lines: [
      ['scripts', String(count)],
      ['pairs of sixty of a hundred at once', String(pairs)],
      ['more than was paid', over],
    ],
    targets: { T13: `${count} scripts on the plan, ${pairs} pairs at once on Postgres, over-refunds: ${over}` },
  };
}

/** Five hundred buyers of a hundred seats, round after round. */
export async function seats(rounds: number): Promise<Figures> {
  const env = { KASSA_TEST_CROWD_ROUNDS: String(rounds) };
  const { code, command } = await runTest(`${TEST}/money/crowds.test.ts`, env);
  const held = code === 0;
  const wrong = ended(held);
  return {
    ...{ title: 'the last seats', command, held },
    lines: [
      ['rounds of 500 buyers', String(rounds)],
      ['rounds that sold more or less than there was', wrong],
    ],
    targets: { T6: `${rounds} rounds of 500 buyers, oversold or leaked: ${wrong}` },
  };
}
