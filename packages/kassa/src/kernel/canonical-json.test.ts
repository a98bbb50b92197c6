// Goal: equal values give equal text, so a request's fingerprint never depends on the order of its fields.
// Method: properties against JSON.parse and JSON.stringify, and the values that JSON would lose.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { Bug } from './errors.ts';

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  const turned: Record<string, unknown> = Object.create(null);
  for (const [key, field] of Object.entries(value).reverse()) turned[key] = shuffled(field);
  return turned;
}

test('a request means the same whatever the order of its fields', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(shuffled(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test('nothing is lost on the way, so two different requests never share a text', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('it writes what JSON writes, keys sorted, undefined fields left out', () => {
  expect(canonicalJson({ b: [1, 'x', null], a: { d: true, c: undefined }, é: -0 })).toBe(
    '{"a":{"d":true},"b":[1,"x",null],"é":0}',
  );
  expect(canonicalJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
});

test('what JSON would silently lose is a bug', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const value of [Number.NaN, 1 / 0, 1n, undefined, [undefined], () => 1, Symbol('x'), cycle]) {
    expect(() => canonicalJson(value)).toThrow(Bug);
  }
});
