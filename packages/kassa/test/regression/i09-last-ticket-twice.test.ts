// I9: a lock is left out to be faster, and the last ticket is sold twice.
// https://github.com/fossasia/eventyay/issues/1359
import { expect, test } from 'vitest';
import { facts, inShop } from './incident.ts';

test('of twenty buyers of five seats five have one, and the others are told that they are gone', () =>
  inShop(async (shop) => {
    const ended = await Promise.allSettled(Array.from({ length: 20 }, () => shop.buy({ offer: 'finals' })));
    expect(ended.filter((one) => one.status === 'fulfilled')).toHaveLength(5);
    for (const lost of ended.filter((one) => one.status === 'rejected')) {
      expect(lost).toMatchObject({ reason: { code: 'sold_out' } });
    }
    expect(await facts(shop)).toMatchObject({ held: 5, sold: 0 });
  }));
