// Goal: no amount is ever misread, in any currency that Stripe charges in.
// Method: properties over every currency; the oracle is bigint arithmetic written differently from the code.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CURRENCY_RULES } from './currencies.ts';
import { Bug, KassaError } from './errors.ts';
import {
  AMOUNT_MAX_MINOR,
  checkChargeable,
  decimalFromMinor,
  exponentOf,
  isCurrency,
  minimumCharge,
  minorFromDecimal,
  splitMinor,
  stepOf,
} from './money.ts';

const CURRENCIES = [...CURRENCY_RULES.keys()];
const currency = fc.constantFrom(...CURRENCIES);
const amount = fc.oneof(
  fc.nat({ max: 10_000 }),
  fc.maxSafeNat().map((number) => number % (AMOUNT_MAX_MINOR + 1)),
);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof KassaError) return error.code;
    if (error instanceof Bug) return 'bug';
    throw error;
  }
  return 'accepted';
}

describe('currencies', () => {
  test('the shop knows the 135 currencies of Stripe and the five with three decimals', () => {
    expect(CURRENCIES).toHaveLength(140);
    expect(new Set(CURRENCIES).size).toBe(140);
    expect(CURRENCIES.every((code) => /^[a-z]{3}$/.test(code))).toBe(true);
    expect([isCurrency('usd'), isCurrency('USD'), isCurrency('xyz'), isCurrency('')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('the exponents are those of Stripe, not those of Intl', () => {
    const none = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
    const three = 'bhd jod kwd omr tnd'.split(' ');
    for (const code of CURRENCIES) {
      expect([code, exponentOf(code)]).toEqual([code, none.includes(code) ? 0 : three.includes(code) ? 3 : 2]);
      expect([code, stepOf(code)]).toEqual([code, three.includes(code) ? 10 : /^(isk|ugx)$/.test(code) ? 100 : 1]);
    }
  });

  test('an unknown currency is refused by its name', () => {
    expect(() => minorFromDecimal('1.00', 'USD')).toThrow('"USD" is not a currency that Stripe charges in.');
    expect(codeOf(() => exponentOf('constructor'))).toBe('invalid_request');
    expect(codeOf(() => minimumCharge('__proto__'))).toBe('invalid_request');
  });
});

describe('reading and writing amounts', () => {
  test('every amount that can be charged survives the way to text and back, in every currency', () => {
    fc.assert(
      fc.property(currency, amount, (code, raw) => {
        const amount_minor = raw - (raw % stepOf(code));
        const text = decimalFromMinor(amount_minor, code);
        expect(minorFromDecimal(text, code)).toBe(amount_minor);
        // The text is the exact quotient: put the point back and the digits are the minor amount.
        expect(BigInt(text.replace('.', ''))).toBe(BigInt(amount_minor));
        expect(text.includes('.') ? text.length - text.indexOf('.') - 1 : 0).toBe(exponentOf(code));
      }),
      { numRuns: 5000 },
    );
  });

  test('a shorter fraction means the same amount', () => {
    expect(minorFromDecimal('0.5', 'usd')).toBe(50);
    expect(minorFromDecimal('100', 'usd')).toBe(10_000);
    expect(minorFromDecimal('1.23', 'kwd')).toBe(1230);
    expect(minorFromDecimal('1.230', 'kwd')).toBe(1230);
    expect(minorFromDecimal('1500', 'jpy')).toBe(1500);
    expect(minorFromDecimal('5', 'isk')).toBe(500);
    expect(minorFromDecimal('5.00', 'ugx')).toBe(500);
    expect(minorFromDecimal('0', 'usd')).toBe(0);
    // 19.99 * 100 is 1998.9999999999998 in floats; 1.005 and 8.875 are the classic traps besides.
    expect(minorFromDecimal('19.99', 'usd')).toBe(1999);
    expect(minorFromDecimal('9999999999.99', 'usd')).toBe(AMOUNT_MAX_MINOR);
  });

  test.each([
    ['-1', 'usd'],
    ['-0', 'usd'],
    ['+1', 'usd'],
    ['1e3', 'usd'],
    ['1E3', 'usd'],
    ['1e+21', 'usd'],
    ['NaN', 'usd'],
    ['Infinity', 'usd'],
    ['1,000', 'usd'],
    ['1_000', 'usd'],
    ["1'000", 'usd'],
    ['1.000,00', 'usd'],
    ['1.005', 'usd'],
    ['19.990', 'usd'],
    ['.5', 'usd'],
    ['5.', 'usd'],
    ['05', 'usd'],
    ['', 'usd'],
    [' 5', 'usd'],
    ['5\n', 'usd'],
    ['0x10', 'usd'],
    ['١٢', 'usd'],
    ['500.5', 'jpy'],
    ['500.0', 'jpy'],
    ['1.234', 'kwd'],
    ['5.50', 'isk'],
    ['5.01', 'ugx'],
    ['10000000000.00', 'usd'],
    ['1000000000000', 'jpy'],
    ['9'.repeat(1_000_000), 'usd'],
  ])('%j in %s is refused as an amount', (text, code) => {
    expect(codeOf(() => minorFromDecimal(text, code))).toBe('invalid_amount');
  });

  test('any text is either refused or read as what it says', () => {
    const near = fc.stringMatching(/^[-+]?[0-9]{0,13}[.,]?[0-9]{0,4}(e[0-9])?$/);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), currency, (text, code) => {
        const outcome = codeOf(() => minorFromDecimal(text, code));
        if (outcome === 'invalid_amount') return;
        expect(outcome).toBe('accepted');
        const amount_minor = minorFromDecimal(text, code);
        expect(amount_minor >= 0 && amount_minor <= AMOUNT_MAX_MINOR && amount_minor % stepOf(code) === 0).toBe(true);
        const [whole = '', fraction = ''] = text.split('.');
        expect(String(BigInt(whole))).toBe(whole);
        expect(decimalFromMinor(amount_minor, code).startsWith(fraction ? `${whole}.${fraction}` : whole)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test('a refusal never repeats a card number that was typed into the amount field', () => {
    expect(() => minorFromDecimal('4242424242424242', 'usd')).toThrow(/^(?!.*4242424242424)/);
  });

  test('books can show a correction below zero', () => {
    expect(decimalFromMinor(-5, 'usd')).toBe('-0.05');
    expect(decimalFromMinor(-1500, 'jpy')).toBe('-1500');
    expect(decimalFromMinor(0, 'kwd')).toBe('0.000');
    expect(codeOf(() => decimalFromMinor(0.5, 'usd'))).toBe('bug');
    expect(codeOf(() => decimalFromMinor(2 ** 53, 'usd'))).toBe('bug');
  });
});

describe('dividing a total', () => {
  const weights = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.maxSafeNat()), { minLength: 1, maxLength: 30 });

  test('the parts sum to the total, none is negative, each is its share rounded down or up', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat({ max: 200 }), fc.maxSafeNat()), weights, (total, parts) => {
        fc.pre(parts.some((part) => part > 0));
        const shares = splitMinor(total, parts);
        const sum = parts.reduce((left, right) => left + BigInt(right), 0n);
        expect(shares.reduce((left, right) => left + BigInt(right), 0n)).toBe(BigInt(total));
        for (const [index, share] of shares.entries()) {
          const floor = (BigInt(total) * BigInt(parts[index] ?? 0)) / sum;
          expect(share >= 0 && (BigInt(share) === floor || BigInt(share) === floor + 1n)).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test('a discount never exceeds the line that it falls on', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 20 }), fc.nat(), (lines, seed) => {
        const sum = lines.reduce((left, right) => left + right, 0);
        fc.pre(sum > 0);
        const shares = splitMinor(seed % (sum + 1), lines);
        expect(shares.every((share, index) => share <= (lines[index] ?? 0))).toBe(true);
      }),
    );
  });

  test('a line without weight gets nothing; the left-over cent goes to the largest remainder, then the first', () => {
    expect(splitMinor(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(splitMinor(100, [0, 2, 1])).toEqual([0, 67, 33]);
    expect(splitMinor(2, [1, 1, 1])).toEqual([1, 1, 0]);
    expect(splitMinor(875, [3333, 3333, 3334])).toEqual([292, 291, 292]);
    expect(splitMinor(0, [0, 0])).toEqual([0, 0]);
    expect(splitMinor(0, [])).toEqual([]);
  });

  test('what cannot be divided is a bug, not a wrong sum', () => {
    for (const [total, parts] of [
      [-1, [1]],
      [1, [-1]],
      [1, [0]],
      [1, []],
      [0.5, [1]],
      [2 ** 53, [1]],
    ] as const) {
      expect([total, codeOf(() => splitMinor(total, parts))]).toEqual([total, 'bug']);
    }
  });
});

describe('what Stripe would take', () => {
  test('the minimum of every currency can be charged, one step less cannot, nothing is free to charge', () => {
    for (const code of CURRENCIES) {
      const minimum = minimumCharge(code);
      expect([code, minimum > 0 && minimum % stepOf(code) === 0]).toEqual([code, true]);
      expect([code, codeOf(() => checkChargeable(minimum, code))]).toEqual([code, 'accepted']);
      expect([code, codeOf(() => checkChargeable(0, code))]).toEqual([code, 'accepted']);
      const below = minimum - stepOf(code);
      if (below > 0) expect([code, codeOf(() => checkChargeable(below, code))]).toEqual([code, 'amount_too_small']);
    }
  });

  test.each([
    ['usd', 50],
    ['eur', 50],
    ['gbp', 30],
    ['jpy', 50],
    ['aed', 200],
    ['czk', 1500],
    ['dkk', 250],
    ['huf', 17_500],
    ['mxn', 1000],
    ['thb', 1000],
    ['isk', 100],
    ['kwd', 10],
    ['xaf', 1],
  ])('%s is charged from %d minor units', (code, minimum) => {
    expect(minimumCharge(code)).toBe(minimum);
  });

  test('parts that a currency cannot charge are refused, and so are thirteen digits', () => {
    expect(codeOf(() => checkChargeable(550, 'isk'))).toBe('invalid_amount');
    expect(codeOf(() => checkChargeable(1234, 'kwd'))).toBe('invalid_amount');
    expect(codeOf(() => checkChargeable(AMOUNT_MAX_MINOR, 'usd'))).toBe('accepted');
    expect(codeOf(() => checkChargeable(AMOUNT_MAX_MINOR + 1, 'usd'))).toBe('amount_out_of_range');
    expect(codeOf(() => checkChargeable(-1, 'usd'))).toBe('bug');
  });
});

describe('a refused amount', () => {
  const sentence = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing was refused';
  };

  test('is shown at most twelve characters long', () => {
    expect(sentence(() => minorFromDecimal('1234.5678901', 'usd'))).toContain('"1234.5678901"');
    expect(sentence(() => minorFromDecimal('1234.56789012', 'usd'))).toContain('"1234.5678901…"');
  });

  test('is told how the currency counts', () => {
    expect(sentence(() => minorFromDecimal('1.5', 'jpy'))).toContain('no decimals');
    expect(sentence(() => minorFromDecimal('1.555', 'usd'))).toContain('2 decimals');
    expect(sentence(() => checkChargeable(12_345, 'kwd'))).toContain('the last decimal of kwd must be 0');
    expect(sentence(() => checkChargeable(12_350, 'isk'))).toContain('isk is charged in whole units');
  });

  test('is not looked at beyond twenty-four characters', () => {
    expect(sentence(() => minorFromDecimal(`1.${'0'.repeat(22)}`, 'usd'))).toContain('usd has 2 decimals');
    expect(sentence(() => minorFromDecimal(`1.${'0'.repeat(23)}`, 'usd'))).toContain('write digits');
  });
});

test('of equal remainders the earlier part gets the odd cent, and of others the larger', () => {
  expect(splitMinor(10, [1, 1, 1])).toEqual([4, 3, 3]);
  expect(splitMinor(11, [1, 1, 1])).toEqual([4, 4, 3]);
  expect(splitMinor(5, [1, 2, 1])).toEqual([1, 3, 1]);
  expect(splitMinor(100, [3, 5, 9])).toEqual([18, 29, 53]);
  expect(splitMinor(3, [1, 5, 4])).toEqual([0, 2, 1]);
});
