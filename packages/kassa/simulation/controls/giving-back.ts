import type { Control } from './control.ts';

const SPA = { shop: 6 };

/** Mistakes with money that goes back: refunds, disputes, and what else is given out meanwhile. */
export const GIVING_BACK: readonly Control[] = [
  {
    name: 'N36',
    mistake: 'calling a payment off sends its money back',
    edits: [
      {
        file: 'flows/payments/cancel-payment.ts',
        from: "    throw new KassaError('payment_already_succeeded', 'This payment has succeeded. Refund it instead.');",
        to:
          "    const { refundOrder } = await import('../refunds/refund-order.ts');\n" +
          "    await refundOrder(house, { payment_id: wanted.payment_id, requested_by: 'kassa' });",
      },
    ],
    mix: { ways: ['chat'] },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N64',
    mistake: 'what was bought is given out while a bank asks the money back',
    edits: [
      {
        file: 'flows/disputing/freeze-order.ts',
        from: '  const frozen_at = freezes ? at : null;',
        to: "  const frozen_at = freezes && order_id === '' ? at : null;",
      },
    ],
    mix: { ...SPA, disputes: 2 },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N65',
    mistake: 'what was held back stays back after the bank has decided for the shop',
    edits: [
      {
        file: 'flows/disputes/record-dispute.ts',
        from: 'early.length > 0 || [...others, dispute].some(holdsBack);',
        to: '[...others, dispute].length > 0 && holdsBack !== undefined && early !== undefined;',
      },
    ],
    mix: { ...SPA, disputes: 2 },
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N66',
    mistake: 'money that a bank took back is still in the books',
    edits: [
      {
        file: 'flows/disputes/record-dispute.ts',
        from: '  await book(scene, before, dispute);\n',
        to: '  if (dispute.movements < 0) await book(scene, before, dispute);\n',
      },
    ],
    mix: { disputes: 2 },
    purchases_max: 300,
    seed: 1_000,
  },
];
