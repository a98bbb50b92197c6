// Goal: seeded chance repeats for ever, and no number is favoured.
// Method: fixed outputs (a change here changes every recorded seed), and counts over many draws.
import { expect, test } from 'vitest';
import { Bug } from './errors.ts';
import { randomFrom, seededRandom } from './random.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('the same seed gives the same chance, another seed another', () => {
  expect(hex(seededRandom('7').bytes(16))).toBe(hex(seededRandom('7').bytes(16)));
  expect(hex(seededRandom('7').bytes(16))).not.toBe(hex(seededRandom('8').bytes(16)));
  const random = seededRandom('7');
  expect([random.below(100), random.below(100), random.below(2 ** 48)]).toMatchInlineSnapshot(`
    [
      64,
      13,
      206209024830012,
    ]
  `);
  expect(hex(seededRandom('').bytes(8))).toMatchInlineSnapshot(`"844b1d8601134c8e"`);
});

test('as many bytes come as were asked for', () => {
  for (const count of [0, 1, 3, 4, 5, 10, 33]) expect(seededRandom('x').bytes(count)).toHaveLength(count);
});

test('every number below the limit comes about equally often', () => {
  const random = seededRandom('dice');
  const seen = Array.from({ length: 6 }, () => 0);
  for (let roll = 0; roll < 60_000; roll += 1) {
    const side = random.below(6);
    seen[side] = (seen[side] ?? 0) + 1;
  }
  // Five standard deviations of a fair die over 60,000 rolls are 457.
  for (const count of seen) expect(Math.abs(count - 10_000)).toBeLessThan(457);
});

test('a draw that would favour small numbers is thrown away', () => {
  const draws = [new Uint8Array(6).fill(255), Uint8Array.from([0, 0, 0, 0, 0, 2])];
  let asked = 0;
  const random = randomFrom(() => {
    asked += 1;
    return draws.shift() ?? new Uint8Array(6);
  });
  // 2^48 is 1 more than a multiple of 3, so its largest value has no fair place.
  expect(random.below(3)).toBe(2);
  expect(asked).toBe(2);
});

test('a limit that cannot be drawn is a bug', () => {
  for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 48 + 1]) expect(() => seededRandom('x').below(limit)).toThrow(Bug);
  expect(seededRandom('x').below(1)).toBe(0);
});
