/** A module that decides over money, and the fast tests that have to notice when it decides otherwise. */
export interface Subject {
  /** Below packages/kassa/src. */
  readonly module: string;
  readonly tests: readonly string[];
}

export const SUBJECTS: readonly Subject[] = [
  { module: 'kernel/money.ts', tests: ['kernel/money.test.ts'] },
  { module: 'domain/pricing/basket.ts', tests: ['domain/pricing/basket.test.ts'] },
  { module: 'domain/payments/attempt.ts', tests: ['domain/payments/attempt.test.ts'] },
  { module: 'domain/payments/dispute.ts', tests: ['domain/payments/dispute.test.ts'] },
  { module: 'domain/orders/order.ts', tests: ['domain/orders/order.test.ts'] },
  {
    module: 'flows/settling/decide.ts',
    tests: ['flows/settling/decide-cases.test.ts', 'flows/settling/decide.test.ts'],
  },
  {
    module: 'flows/refunding/plan.ts',
    tests: ['flows/refunding/plan-refusals.test.ts', 'flows/refunding/plan.test.ts'],
  },
  {
    module: 'flows/refunding/given-back.ts',
    tests: ['flows/refunding/plan-refusals.test.ts', 'flows/refunding/plan.test.ts'],
  },
];
