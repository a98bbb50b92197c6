// I15: a repeated webhook makes a second subscription.
// https://github.com/Pinelab-studio/pinelab-vendure-plugins/issues/626
import { expect, test } from 'vitest';
import type { HookCall } from '../../src/config/hooks.ts';
import { inShop, MINUTE, opens, pays } from './incident.ts';

test('what the shop sets up for an order carries one key, however often the webhook and the hook come', () => {
  const asked: string[] = [];
  const hook = async ({ once }: HookCall): Promise<void> => {
    await once('subscription', ({ idempotency_key }) => {
      asked.push(idempotency_key);
      // It was set up, and its answer is lost.
      if (asked.length < 3) throw new Error('the answer was lost');
      return null;
    });
  };
  return inShop(
    async (shop) => {
      shop.deliver = async (request) => {
        await shop.take(request.clone());
        return shop.take(request);
      };
      await pays(shop, await opens(shop));
      await shop.rest();
      await shop.pass(30 * MINUTE);
      expect(asked).toHaveLength(3);
      expect(new Set(asked).size).toBe(1);
    },
    { hooks: { on: { 'order.paid': hook } } },
  );
});
