import type { Control } from './control.ts';

const QUIET = { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 };

/** Mistakes with what comes in from callers and what goes out to people. */
export const DELIVERY: readonly Control[] = [
  {
    name: 'N27',
    mistake: 'each try of one mail has an id of its own',
    edits: [
      {
        file: 'outbox/deliver-email.ts',
        from: 'message_id: `<${delivery.id}@',
        to: 'message_id: `<${desk.ids.uuid()}@',
      },
    ],
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N30',
    mistake: 'the look after an appointment is told as begun, and never is',
    edits: [
      {
        file: 'outbox/drain.ts',
        from: "  else if (way === 'workflow') await startWorkflow(desk, delivery);",
        to: "  else if (way === 'workflow') void startWorkflow;",
      },
    ],
    mix: { shop: 6 },
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N57',
    mistake: 'a mail is done before the mail server has taken it',
    edits: [
      {
        file: 'outbox/drain.ts',
        from: "  if (way === 'mail') await withinLimit(desk, () => deliverEmail(desk, delivery));",
        to: "  if (way === 'mail') void withinLimit(desk, () => deliverEmail(desk, delivery)).catch(() => undefined);",
      },
    ],
    mix: { rates: { ...QUIET, mail: 0.5 }, faults: ['mail_down', 'mail_crash'], outages: [] },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N58',
    mistake: 'the key of a caller is not looked up before an order is written',
    edits: [
      {
        file: 'flows/checkout/start-checkout.ts',
        from: '  const { idempotency } = command;\n  if (idempotency) {\n    const claim',
        to: '  const { idempotency } = command;\n  if (idempotency && command.lines.length === 0) {\n    const claim',
      },
    ],
    mix: { rates: { ...QUIET, buyer: 0.5 }, faults: ['double_click'], outages: [] },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N59',
    mistake: 'a step of a hook is remembered before it ran',
    edits: [
      {
        file: 'outbox/run-hook.ts',
        from: '  const answer = await step({ idempotency_key });',
        to:
          '  await rememberEffect(desk.db, { ...known, id: desk.ids.uuid(), result: null, at: desk.clock.now() });\n' +
          '  const answer = await step({ idempotency_key });',
      },
    ],
    mix: { rates: { ...QUIET, mail: 0.5 }, faults: ['mail_down'], outages: [] },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N60',
    mistake: 'each try of one step of a hook has a key of its own',
    edits: [
      {
        file: 'outbox/run-hook.ts',
        from: 'const idempotency_key = `kassa-${hashOf(`${known.order_id}/${known.topic}/${known.name}`).slice(0, 40)}`;',
        to: 'const idempotency_key = `kassa-${desk.ids.uuid()}`;',
      },
    ],
    mix: { rates: { ...QUIET, mail: 0.5 }, faults: ['mail_answer_lost', 'mail_crash'], outages: [] },
    purchases_max: 600,
    seed: 1_000,
  },
];
