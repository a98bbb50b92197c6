// Goal: each paid appointment has its workflow started once, whatever fails between the payment and the start.
// Method: a real Postgres and the real stories up to the outbox; the engine behind the port counts what it was asked.
import { afterEach, expect, test } from 'vitest';
import { drainInbox } from '../../src/inbox/drain.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import type { AppointmentWorkflow, WorkflowEngine } from '../../src/outbox/workflows/engine.ts';
import { openSpa, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => spa?.close());
const open = async (): Promise<Spa> => {
  spa = await openSpa();
  return spa;
};

const hours = (of: Spa, ...days: number[]) =>
  days.map((day) => ({ offer_id: of.id('massage'), quantity: 1, slot: of.slot(day) }));

/** An engine as it is beyond the process: it knows a workflow by its id, and starts none twice. */
function engine(outcomes: readonly ('starts' | 'refuses' | 'starts and the answer is lost')[]) {
  const asked: AppointmentWorkflow[] = [];
  const running = new Set<string>();
  const start: WorkflowEngine['start'] = async (workflow) => {
    const outcome = outcomes[asked.length] ?? 'starts';
    asked.push(workflow);
    if (outcome === 'refuses') throw new Error('the engine is away');
    running.add(workflow.workflow_id);
    if (outcome !== 'starts') throw new Error('the connection was lost');
  };
  return { start, asked, running };
}

/** Paid and settled, with nothing sent yet. */
async function paid(of: Spa, ...days: number[]) {
  const opened = await of.order(hours(of, ...days));
  await of.sandbox.control.pay(String(opened.session_id), { outcome: 'pays', email: 'ann@example.com' });
  await of.sandbox.tick();
  await drainInbox(of.built.inbox, 50);
  return opened;
}

async function send(of: Spa, workflows: WorkflowEngine): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await drainOutbox({ ...of.built.outbox, workflows }, 50);
    of.clock.advance(60_000);
  }
}

async function begun(of: Spa): Promise<unknown[]> {
  const effects = of.db.selectFrom('effects').select('result').where('topic', '=', 'appointment.confirmed');
  return (await effects.orderBy('id').execute()).map((row) => (row.result as { workflow_id: string }).workflow_id);
}

test('an order of two hours starts two workflows, each under the id of its appointment', async () => {
  const of = await open();
  const { order_id } = await paid(of, 1, 2);
  const counting = engine([]);
  await send(of, counting);
  const mine = await of.db.selectFrom('appointments').select('id').orderBy('id').execute();
  expect(counting.asked.map((one) => one.workflow_id).sort()).toEqual(mine.map((one) => one.id));
  expect(counting.asked[0]).toMatchObject({ order_id, service_id: '123', practitioner_id: '456' });
  expect((await begun(of)).sort()).toEqual(mine.map((one) => one.id));
});

test.each(['refuses', 'starts and the answer is lost'] as const)(
  'an engine that %s is asked again under the same id, and one workflow runs',
  async (first) => {
    const of = await open();
    await paid(of, 1);
    const flaky = engine([first]);
    await send(of, flaky);
    expect(flaky.asked).toHaveLength(2);
    expect(new Set(flaky.asked.map((one) => one.workflow_id)).size).toBe(1);
    expect(flaky.running.size).toBe(1);
    expect(await begun(of)).toEqual([...flaky.running]);
  },
);

test('a delivery that comes again after its workflow was started, starts none', async () => {
  const of = await open();
  await paid(of, 1);
  const counting = engine([]);
  await send(of, counting);
  await of.db
    .updateTable('deliveries')
    .set({ delivered_at: null })
    .where('destination', 'like', 'workflow:%')
    .execute();
  await send(of, counting);
  expect(counting.asked).toHaveLength(1);
  const again = of.db.selectFrom('deliveries').select('delivered_at').where('destination', 'like', 'workflow:%');
  expect((await again.execute()).every((row) => row.delivered_at !== null)).toBe(true);
});

test('an hour that was called off before its turn came has no workflow', async () => {
  const of = await open();
  const opened = await paid(of, 1);
  await of.db
    .updateTable('deliveries')
    .set({ due_at: new Date(of.clock.now() + 3_600_000) })
    .execute();
  await of.refund(opened);
  of.clock.advance(3_600_000);
  const counting = engine([]);
  await send(of, counting);
  expect(counting.asked).toEqual([]);
  expect(await begun(of)).toEqual([]);
});
