import type { Control } from './control.ts';

const QUIET = { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 };

/** Mistakes with what is done once more: a refund that is sent again, a job that was set anew, a page beside a page. */
export const ONCE_MORE: readonly Control[] = [
  {
    name: 'N28',
    mistake: 'a job ends what another one has set anew meanwhile',
    edits: [
      {
        file: 'database/timers-table.ts',
        from: 'and kind = ${timer.kind} and claims = ${timer.token}\n    returning kind`.execute(tx);',
        to: 'and kind = ${timer.kind}\n    returning kind`.execute(tx);',
      },
    ],
    mix: { webhooks: 'none', outages: [], rates: QUIET, faults: [] },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N34',
    mistake: 'each try of one refund carries a key of its own',
    edits: [
      {
        file: 'flows/refunds/send-refund.ts',
        from: 'await house.gateway.createRefund(stored, key);',
        to: 'await house.gateway.createRefund(stored, `${key}:${house.ids.uuid()}`);',
      },
    ],
    mix: {
      ...{ shop: 2, webhooks: 'none', outages: [], compares_min: 45, fetches_min: null },
      rates: { ...QUIET, http: 0.5 },
      faults: ['http_no_answer', 'http_half_answer'],
    },
    purchases_max: 1_000,
    seed: 1_008,
  },
  {
    name: 'N67',
    mistake: 'a new payment page opens while an older one of the same buyer can still be paid',
    edits: [
      {
        file: 'flows/opening/one-page.ts',
        from: '  return signed_in === undefined ? [] : unfinishedPages(tx, house.shop, signed_in);',
        to: '  return signed_in === undefined ? [] : (await unfinishedPages(tx, house.shop, signed_in)).slice(0, 0);',
      },
    ],
    ddl: ['drop index kassa.payment_transactions_one_page'],
    ends_at_constraint: true,
    mix: { ways: ['page'] },
    purchases_max: 300,
    seed: 1_000,
  },
];
