import type { Control } from './control.ts';

const QUIET = { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 };
const SPA = { shop: 6 };

/** Mistakes in sums, in refunds and in the books. */
export const MONEY: readonly Control[] = [
  {
    name: 'N12',
    mistake: 'a refund that is told again is booked again',
    edits: [
      {
        file: 'flows/refunds/record-refund.ts',
        from: "  if (known && status === known.status) return { outcome: 'unchanged', order_id: order.id };\n",
        to: '',
      },
    ],
    ddl: ['alter table kassa.ledger_entries drop constraint ledger_entries_tenant_id_mode_cause_account_currency_key'],
    ends_at_constraint: true,
    mix: {
      webhooks: 'sent',
      outages: [],
      rates: { ...QUIET, webhook: 0.6 },
      faults: ['webhook_repeated', 'webhook_cloned'],
    },
    purchases_max: 1_000,
    seed: 1_000,
  },
  {
    name: 'N19',
    mistake: 'another amount than that of the quote is asked for, and compared with nothing',
    edits: [
      {
        file: 'flows/opening/compose-opening.ts',
        from: '    total_minor: quote.total_minor,\n    adjusted: quote.discount_minor + quote.tax_minor + quote.credits_minor > 0,',
        to: '    total_minor: quote.total_minor - 1,\n    adjusted: true,',
      },
      {
        file: 'flows/opening/open-attempt.ts',
        from: '  if (opened.amount_minor !== attempt.amount || opened.currency !== attempt.currency) {',
        to: '  if (opened.currency !== attempt.currency) {',
      },
      {
        file: 'flows/settling/decide.ts',
        from: '  if (received_minor !== snapshot.attempt.amount || report.currency !== snapshot.attempt.currency) {',
        to: '  if (report.currency !== snapshot.attempt.currency) {',
      },
    ],
    mix: SPA,
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N33',
    mistake: 'what is already on its way back does not count against the payment',
    edits: [
      {
        file: 'flows/refunding/plan.ts',
        from: '  const amount_minor = Math.max(0, received_minor - refunding_minor - lost_minor);',
        to: '  const amount_minor = Math.max(0, received_minor - lost_minor);',
      },
    ],
    mix: SPA,
    purchases_max: 2_000,
    seed: 1_001,
  },
  {
    name: 'N18',
    mistake: 'whoever orders by a quote pays what the catalogue says by now',
    edits: [
      {
        file: 'flows/opening/draft-wish.ts',
        from: '  if (command.quote_id === undefined) {',
        to: '  if (command.quote_id === undefined || command.lines.length > 0) {',
      },
    ],
    mix: { ...SPA, ways: ['booking'], reprices: true },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N38',
    mistake: 'yen are counted in hundredths, and compared with nothing',
    edits: [
      {
        file: 'flows/opening/compose-opening.ts',
        from: '    total_minor: quote.total_minor,\n    adjusted: quote.discount_minor + quote.tax_minor + quote.credits_minor > 0,',
        to: "    total_minor: quote.total_minor * (quote.currency === 'jpy' ? 100 : 1),\n    adjusted: true,",
      },
      {
        file: 'flows/opening/open-attempt.ts',
        from: '  if (opened.amount_minor !== attempt.amount || opened.currency !== attempt.currency) {',
        to: '  if (opened.currency !== attempt.currency) {',
      },
      {
        file: 'flows/settling/decide.ts',
        from: '  if (received_minor !== snapshot.attempt.amount || report.currency !== snapshot.attempt.currency) {',
        to: '  if (report.currency !== snapshot.attempt.currency) {',
      },
    ],
    mix: { shop: 2 },
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N50',
    mistake: 'what a coupon takes off stands in no account',
    edits: [
      {
        file: 'flows/settling/decide.ts',
        from: '      discounts: order.discount_minor + order.credits_minor - money_minor,\n',
        to: '',
      },
    ],
    mix: SPA,
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N51',
    mistake: 'credits that were spent are still owed',
    edits: [
      { file: 'flows/settling/decide.ts', from: '      credits_liability: money_minor,\n', to: '' },
      {
        file: 'flows/settling/decide.ts',
        from: '      discounts: order.discount_minor + order.credits_minor - money_minor,',
        to: '      discounts: order.discount_minor + order.credits_minor,',
      },
    ],
    mix: SPA,
    purchases_max: 600,
    seed: 1_001,
  },
  {
    name: 'N56',
    mistake: 'a bundle gives its credits while the bank still thinks',
    edits: [
      {
        file: 'flows/settling/decide.ts',
        from: "  return { ...quietly(attempt), order: { to, event: 'payment_processing' }, messages: ['order.processing'] };",
        to:
          "  return { ...quietly(attempt), order: { to, event: 'payment_processing' }, " +
          "messages: ['order.processing'], grants: arguments[0].grants };",
      },
    ],
    mix: SPA,
    purchases_max: 1_000,
    seed: 1_001,
  },
];
