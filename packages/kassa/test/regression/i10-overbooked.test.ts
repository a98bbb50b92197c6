// I10: a payment after the end of its reservation is taken, and the hall is overbooked.
// https://github.com/liedekef/events-made-easy/issues/496
import { expect, test } from 'vitest';
import { facts, inShop, opens, paidTooLate, pays } from './incident.ts';

test('late money takes its seats again while they are free, and never one that somebody else has', () =>
  inShop(async (shop) => {
    const first = await paidTooLate(shop, { offer: 'finals', quantity: 3 });
    await first();
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], sold: 3, held: 0 });
    const second = await paidTooLate(shop, { offer: 'finals', quantity: 2 });
    await pays(shop, await opens(shop, { offer: 'finals' }));
    await shop.rest();
    await second();
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['paid', 'expired', 'paid'], sold: 4, held: 0 });
  }));
