import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentOf } from './metrics-report.ts';

test('a refund rate is exact to two digits, and nothing sold is no rate', () => {
  const cases: [part: number, whole: number, text: string][] = [
    [0, 0, '0'],
    [5_000, 0, '0'],
    [0, 10_000, '0'],
    [4_000, 10_000, '40'],
    [10_000, 10_000, '100'],
    [20_000, 10_000, '200'],
    [1_250, 10_000, '12.5'],
    [1, 3, '33.33'],
    [2, 3, '66.67'],
    [1, 20_000, '0.01'],
    [1, 20_001, '0'],
    [1, 1_000, '0.1'],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, '100'],
  ];
  for (const [part, whole, text] of cases) expect(percentOf(part, whole), `${part} of ${whole}`).toBe(text);
});

test('a rate is never further from the truth than half a hundredth', () => {
  const amount = fc.integer({ min: 1, max: 1e9 });
  fc.assert(
    fc.property(amount, amount, (part, whole) => {
      expect(Math.abs(Number(percentOf(part, whole)) - (part / whole) * 100)).toBeLessThanOrEqual(
        0.005 + (part / whole) * 1e-11,
      );
    }),
  );
});
