// I7: one press at once twice makes two payments.
// https://github.com/saleor/saleor/issues/19220
import { expect, test } from 'vitest';
import { inShop, KEY } from './incident.ts';

test('ten presses at once under one key make one payment at Stripe', () =>
  inShop(async (shop) => {
    const presses = Array.from({ length: 10 }, () => shop.begin({ idempotency: KEY }));
    const ended = await Promise.allSettled(presses);
    for (const lost of ended.filter((one) => one.status === 'rejected')) {
      expect(lost).toMatchObject({ reason: { code: 'idempotency_key_in_use' } });
    }
    expect((await shop.stripe.paymentIntents.list()).data).toHaveLength(1);
    expect((await shop.tally()).orders).toEqual(['pending']);
  }));
