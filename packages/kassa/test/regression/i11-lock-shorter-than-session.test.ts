// I11: what is set aside ends before its page at Stripe does, and is bought twice.
// https://github.com/useautumn/autumn/issues/2433
import { expect, test } from 'vitest';
import { facts, inShop, MINUTE, opens } from './incident.ts';

test('seats are held as long as their page can be paid, and Stripe ends the page first', () =>
  inShop(async (shop) => {
    const session_id = await opens(shop);
    let held = 1;
    for (let minute = 0; minute < 45 && held > 0; minute += 1) {
      shop.clock.advance(MINUTE);
      await shop.rest();
      held = (await facts(shop)).held;
      if (held === 0) expect(shop.sandbox.control.session(session_id)?.status).toBe('expired');
    }
    expect(held).toBe(0);
  }));
