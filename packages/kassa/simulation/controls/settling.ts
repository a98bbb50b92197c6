import type { Control } from './control.ts';

const QUIET = { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 };

/** Mistakes in what a fact from Stripe changes, and in who notices it. */
export const SETTLING: readonly Control[] = [
  {
    name: 'N11',
    mistake: 'what ended without money is ignored',
    edits: [
      {
        file: 'flows/settling/decide.ts',
        from: '  return attemptEnded(snapshot, stays);',
        to: '  return quietly(stays);',
      },
    ],
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N13',
    mistake: 'the comparison with Stripe lists payments and leaves refunds to their events',
    edits: [{ file: 'flows/reconcile.ts', from: '  await compareRefunds(round, reach);\n', to: '' }],
    mix: { webhooks: 'none', outages: [], rates: QUIET, faults: [] },
    purchases_max: 1_000,
    seed: 1_001,
  },
  {
    name: 'N14',
    mistake: 'nothing is ever compared with Stripe',
    edits: [
      { file: 'wiring/timers-of.ts', from: '() => reconcile(house, timer.payload)', to: 'async () => undefined' },
    ],
    mix: { webhooks: 'none', outages: [], rates: QUIET, faults: [] },
    purchases_max: 1_000,
    seed: 1_000,
  },
  {
    name: 'N26',
    mistake: 'the order is announced as paid while its bank still thinks',
    edits: [
      {
        file: 'flows/settling/decide.ts',
        from: "messages: ['order.processing'] };",
        to: "messages: ['order.paid'] };",
      },
    ],
    purchases_max: 300,
    seed: 1_001,
  },
  {
    name: 'N31',
    mistake: 'Stripe is asked inside a transaction',
    edits: [
      {
        file: 'flows/asking/ask-when-due.ts',
        from: "  const report = await readAttempt(house.gateway, attempt, 'unblock');\n  await inTransaction(house.db, (tx) => house.settle(house, tx, report, {",
        to: "  await inTransaction(house.db, async (tx) => house.settle(house, tx, await readAttempt(house.gateway, attempt, 'unblock'), {",
      },
    ],
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N32',
    mistake: 'a refund locks in another order than a payment',
    edits: [
      {
        file: 'flows/refunds/record-refund.ts',
        from: '  const order = await lockOrder(tx, found.order_id);\n  const attempts = await lockAttempts(tx, order.id);',
        to:
          '  const attempts = await lockAttempts(tx, found.order_id);\n' +
          '  const order = await lockOrder(tx, found.order_id);',
      },
    ],
    purchases_max: 300,
    seed: 1_001,
  },
  {
    name: 'N42',
    mistake: 'an order is found by what Stripe’s metadata says',
    edits: [
      {
        file: 'flows/settle.ts',
        from: '  const found = await findAttempt(tx, house.shop, report);',
        to:
          '  const told = report.reference === null ? [] : await attemptsOf(tx, report.reference);\n' +
          '  const found = (await findAttempt(tx, house.shop, report)) ?? told[0];',
      },
    ],
    mix: { past_kassa: 3, ways: ['chat'], without: ['banks'] },
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N48',
    mistake: 'a page is shown what one server knew first',
    edits: [
      {
        file: 'flows/checkout/refresh-checkout.ts',
        from: "export type { CheckoutRef, CheckoutView } from '../house.ts';",
        to: "export type { CheckoutRef, CheckoutView } from '../house.ts';\nconst told = new WeakMap<House, Map<string, object>>();",
      },
      {
        file: 'flows/checkout/refresh-checkout.ts',
        from: '  return changed ? drawCheckout(house, attempt.attempt_id) : viewOf(attempt);',
        to:
          '  const view = await drawCheckout(house, attempt.attempt_id);\n' +
          '  const mine = told.get(house) ?? new Map();\n  told.set(house, mine);\n' +
          '  const words = mine.get(attempt.attempt_id) ?? { status: view.status, payment_status: view.payment_status };\n' +
          '  mine.set(attempt.attempt_id, words);\n  return { ...view, ...words };',
      },
    ],
    mix: { nodes: 3 },
    purchases_max: 600,
    seed: 7_000,
  },
  {
    name: 'N63',
    mistake: 'an order moves and nobody writes down why',
    edits: [
      {
        file: 'flows/settle.ts',
        from: '  await writeAudit(tx, entry, { ids: house.ids, at });\n  return version;',
        to: '  if (entry.order_version < 0) await writeAudit(tx, entry, { ids: house.ids, at });\n  return version;',
      },
    ],
    purchases_max: 300,
    seed: 1_000,
  },
];
