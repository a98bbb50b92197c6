// Goal: a run is its seed and nothing else: no real time, no real chance, no order that depends on the machine.
// Method: the scheduler and the virtual globals by themselves, without a database.
import { expect, test } from 'vitest';
import { diceOf } from '../../simulation/engine/dice.ts';
import { Died, newLife } from '../../simulation/engine/lives.ts';
import { replaceGlobals } from '../../simulation/engine/real.ts';
import { createScheduler, type Scheduler } from '../../simulation/engine/scheduler.ts';
import { createTrace, type Trace } from '../../simulation/engine/trace.ts';
import { drawMix, faultsNamed } from '../../simulation/index.ts';
import { parting } from '../../simulation/runs/run-twice.ts';
import { differenceText } from '../../simulation/runs/told/failure-text.ts';

const START = 1_800_000_000_000;

function engine(seed: string): { scheduler: Scheduler; trace: Trace } {
  const trace = createTrace();
  return { trace, scheduler: createScheduler({ dice: diceOf(seed), trace, start_ms: START, haste: 0 }) };
}

const hooks = { idle: async () => false, between: async () => undefined, steps_max: 1_000 };

async function race(seed: string): Promise<{ told: string[]; hash: string }> {
  const { scheduler, trace } = engine(seed);
  const told: string[] = [];
  for (const name of ['ann', 'ben', 'cleo']) {
    scheduler.spawn(newLife(name), 'walks', async () => {
      for (let step = 1; step <= 5; step += 1) {
        await scheduler.point(`step ${step}`);
        told.push(`${name} ${step}`);
      }
    });
  }
  await scheduler.run(hooks);
  return { told, hash: trace.hash() };
}

test('the same seed chooses the same order, and another seed another one', async () => {
  expect(await race('one')).toEqual(await race('one'));
  expect((await race('one')).told).not.toEqual((await race('two')).told);
  expect((await race('one')).told).toHaveLength(15);
});

test('whoever sleeps is woken by virtual time, in the order in which it is due', async () => {
  const { scheduler } = engine('sleep');
  const told: string[] = [];
  for (const [name, ms] of [
    ['late', 60_000],
    ['soon', 1_000],
  ] as const) {
    scheduler.spawn(newLife(name), 'sleeps', async () => {
      await scheduler.sleep(ms);
      told.push(`${name} at ${scheduler.now() - START >= ms}`);
    });
  }
  const idle = async (): Promise<boolean> => {
    const due = scheduler.nextDue();
    if (due !== undefined) scheduler.moveTo(due);
    return due !== undefined;
  };
  await scheduler.run({ ...hooks, idle });
  expect(told).toEqual(['soon at true', 'late at true']);
});

test('what a dead node was doing never goes on, and whoever asked it hears that it is gone', async () => {
  const { scheduler } = engine('death');
  const node = newLife('node');
  const told: string[] = [];
  scheduler.spawn(newLife('buyer'), 'asks', async () => {
    const answer = scheduler.within(node, async () => {
      await scheduler.point('works');
      await scheduler.point('works on');
      told.push('it went on');
    });
    await answer.catch((error: unknown) => told.push(error instanceof Died ? 'gone' : String(error)));
  });
  scheduler.spawn(newLife('fate'), 'strikes', async () => scheduler.kill(node));
  await scheduler.run(hooks);
  expect(told).toEqual(['gone']);
});

test('a run that never ends is stopped and says so', async () => {
  const { scheduler } = engine('loop');
  scheduler.spawn(newLife('mill'), 'turns', async () => {
    for (;;) await scheduler.point('turn');
  });
  await expect(scheduler.run({ ...hooks, steps_max: 50 })).rejects.toThrow('still at work after 50 steps');
});

test('during a run packages get virtual time and chance, and our own code gets an error that names it', () => {
  const noted: string[] = [];
  const restore = replaceGlobals({
    now: () => START,
    chance: () => 0.25,
    bytes: (count) => new Uint8Array(count).fill(7),
    after: () => () => undefined,
    note: (what) => void noted.push(what),
  });
  let seen: unknown[];
  let refused: unknown;
  try {
    seen = [Date.now(), new Date().getTime(), Math.random(), crypto.randomUUID(), performance.now()];
    const ours = new Function('return Date.now()\n//# sourceURL=/any/packages/kassa/src/flows/settle.ts');
    try {
      ours();
    } catch (error) {
      refused = error;
    }
  } finally {
    restore();
  }
  expect(seen).toEqual([START, START, 0.25, '07070707-0707-4707-a707-070707070707', START]);
  expect(String(refused)).toContain('asked for Date.now, which is handed in and never taken');
  expect(noted).toContain('Math.random');
  expect(Date.now()).toBeGreaterThan(1_700_000_000_000);
});

test('worlds differ: some have no trouble at a port and some have it at every second step', () => {
  const mixes = Array.from({ length: 200 }, (_, seed) => drawMix(diceOf(`mix ${seed}`)));
  const rates = mixes.map((mix) => mix.rates.http);
  expect(rates).toContain(0);
  expect(rates).toContain(0.5);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  // Some steps have no port, and no world all faults: so much at each port is a tenth of all steps.
  expect(mean).toBeGreaterThan(0.12);
  expect(mean).toBeLessThan(0.22);
  expect(mixes.some((mix) => mix.webhooks === 'none')).toBe(true);
  expect(new Set(mixes.map((mix) => mix.nodes))).toEqual(new Set([1, 2, 3]));
});

test('faults are named by the number of the fault model, by port or by themselves', () => {
  expect(faultsNamed('F8')).toContain('http_no_answer');
  expect(faultsNamed('f32')).toEqual(['commit_lost', 'commit_untold']);
  expect(faultsNamed('mail')).toContain('mail_down');
  expect(faultsNamed('nothing')).toEqual([]);
});

test('two runs of one seed that are not the same are told by the step at which they part', () => {
  const lines = Array.from({ length: 20 }, (_, step) => `step ${step}`);
  const other = lines.with(15, 'another step');
  const told = differenceText({ seed: 7, first: 'aa bb', second: 'cc dd', ...parting(lines, other) });
  expect(told[0]).toContain('seed 7');
  expect(told.slice(-3)).toEqual(['  both   step 14', '  first  step 15', '  second another step']);
  expect(told).not.toContain('  both   step 3');
  const shorter = differenceText({ seed: 7, first: '', second: '', ...parting(lines, lines.slice(0, 12)) });
  expect(shorter.slice(-2)).toEqual(['  first  step 12', '  second had ended']);
  const only_rows = differenceText({ seed: 7, first: 'aa bb', second: 'aa dd', ...parting(lines, lines) });
  expect(only_rows.at(-1)).toContain('the rows are not');
});
