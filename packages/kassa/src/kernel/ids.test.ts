// Goal: ids sort by age, never repeat, and their two spellings are one id.
// Method: the published vectors, and properties over random moments; the clock is ours, so no waiting.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from './clock.ts';
import { Bug } from './errors.ts';
import { fromTypeId, hashOf, idsFrom, toTypeId, typeIdSuffix, uuidV7 } from './ids.ts';
import { type Random, randomFrom, seededRandom } from './random.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function clockOf(moments: number[]): Clock {
  let at = 0;
  return {
    now() {
      const moment = moments[Math.min(at, moments.length - 1)] ?? 0;
      at += 1;
      return new Date(moment);
    },
    sleep: async () => undefined,
  };
}

const chanceOf = (byte: number): Random => randomFrom((count) => new Uint8Array(count).fill(byte));

describe('the two spellings of an id', () => {
  test.each([
    ['01890a5d-ac96-774b-bcce-b302099a8057', '01h455vb4pex5vsknk084sn02q'],
    ['550e8400-e29b-41d4-a716-446655440000', '2n1t201rmv87aae5j4csam8000'],
    ['00000000-0000-0000-0000-000000000000', '00000000000000000000000000'],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', '7zzzzzzzzzzzzzzzzzzzzzzzzz'],
  ])('%s is shown as %s', (uuid, suffix) => {
    expect(typeIdSuffix(uuid)).toBe(suffix);
    expect(toTypeId('ord', uuid)).toBe(`ord_${suffix}`);
    expect(fromTypeId('ord', `ord_${suffix}`)).toBe(uuid);
  });

  test('every id survives the way to its shown form and back', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(fromTypeId('screening', toTypeId('screening', uuid))).toBe(uuid);
      }),
    );
  });

  test('shown ids sort like the stored ones', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (left, right) => {
        expect(typeIdSuffix(left) < typeIdSuffix(right)).toBe(left < right);
      }),
    );
  });

  test.each([
    'ord_',
    'ord_01h455vb4pex5vsknk084sn02',
    'ord_01h455vb4pex5vsknk084sn02qq',
    'ord_81h455vb4pex5vsknk084sn02q',
    'ord_01H455VB4PEX5VSKNK084SN02Q',
    'ord_01h455vb4pex5vsknk084sn02l',
    'ord_01h455vb4pex5vsknk084sn02u',
    'ord-01h455vb4pex5vsknk084sn02q',
    'bk_01h455vb4pex5vsknk084sn02q',
    '01h455vb4pex5vsknk084sn02q',
    '_01h455vb4pex5vsknk084sn02q',
    ' ord_01h455vb4pex5vsknk084sn02q',
    'ord_01h455vb4pex5vsknk084sn02q\n',
    '',
  ])('%j is not an order', (text) => {
    expect(fromTypeId('ord', text)).toBeUndefined();
  });

  test('a malformed prefix or UUID is a bug of the caller', () => {
    const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';
    for (const prefix of ['', 'Ord', '_ord', 'ord_', 'ord1', 'o-d', 'o'.repeat(64)]) {
      expect(() => toTypeId(prefix, uuid)).toThrow(Bug);
    }
    for (const text of ['', 'x', uuid.toUpperCase(), `${uuid}0`]) expect(() => toTypeId('ord', text)).toThrow(Bug);
  });
});

describe('making ids', () => {
  test('the moment stands in front, the version and variant are set, the rest is chance', () => {
    expect(uuidV7(0x01890a5dac96, new Uint8Array(10).fill(0xff))).toBe('01890a5d-ac96-7fff-bfff-ffffffffffff');
    expect(uuidV7(0, new Uint8Array(10))).toBe('00000000-0000-7000-8000-000000000000');
    for (const moment of [-1, 0.5, 2 ** 48, Number.NaN]) expect(() => uuidV7(moment, new Uint8Array(10))).toThrow(Bug);
    expect(() => uuidV7(0, new Uint8Array(9))).toThrow(Bug);
  });

  test('ids only grow, within one millisecond and when the wall clock steps back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 50, maxLength: 300 }), fc.string(), (steps, seed) => {
        const ids = idsFrom(clockOf(steps.map((step) => 1_800_000_000_000 + step)), seededRandom(seed));
        const made = steps.map(() => ids.uuid());
        expect(made.every((uuid) => UUID_V7.test(uuid))).toBe(true);
        expect(made).toEqual([...new Set(made)].sort());
      }),
      { numRuns: 200 },
    );
  });

  test('a millisecond that is used up borrows the next one', () => {
    const ids = idsFrom(clockOf([1_800_000_000_000]), chanceOf(0xff));
    const [first = '', second = ''] = [ids.uuid(), ids.uuid()];
    expect(first.endsWith('7fff-bfff-ffffffffffff')).toBe(true);
    expect(second > first).toBe(true);
    expect(Number.parseInt(second.replaceAll('-', '').slice(0, 12), 16)).toBe(1_800_000_000_001);
  });

  test('a carry steps over the version and the variant', () => {
    const bytes = [0x0f, 0xfe, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const drawn = [Uint8Array.from(bytes), new Uint8Array(6)];
    const ids = idsFrom(
      clockOf([0]),
      randomFrom(() => drawn.shift() ?? new Uint8Array(10)),
    );
    expect(ids.uuid()).toBe('00000000-0000-7ffe-bfff-ffffffffffff');
    expect(ids.uuid()).toBe('00000000-0000-7fff-8000-000000000000');
  });

  test('a hundred thousand ids of one moment are all different', () => {
    const ids = idsFrom(clockOf([1_800_000_000_000]), seededRandom('crowd'));
    expect(new Set(Array.from({ length: 100_000 }, () => ids.uuid())).size).toBe(100_000);
  });
});

test('text and its bytes have one hash', () => {
  expect(hashOf('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(hashOf('Blue Hall €')).toBe(hashOf(new TextEncoder().encode('Blue Hall €')));
});
