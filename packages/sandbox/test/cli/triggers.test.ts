// Goal: the official command line makes every event of one-time payments happen, by its own unchanged fixtures.
// Method: the real binary; each trigger has a sandbox of its own, so that the event can have come from nowhere else.
// Two run at a time. Every reply and every event is checked against the schemas of the official client (`strict`).
import '../report/kept-fresh.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCommandLine, type Ran } from './binary.ts';

/** `at once`: it is there when the trigger has run. `later`: when the bank has answered, three seconds on. */
const TRIGGERS: Record<string, 'at once' | 'later'> = {
  'checkout.session.completed': 'at once',
  'checkout.session.async_payment_succeeded': 'later',
  'checkout.session.async_payment_failed': 'later',
  'checkout.session.expired': 'at once',
  'payment_intent.created': 'at once',
  'payment_intent.succeeded': 'at once',
  'payment_intent.payment_failed': 'at once',
  'payment_intent.requires_action': 'at once',
  'payment_intent.processing': 'at once',
  'payment_intent.amount_capturable_updated': 'at once',
  'payment_intent.canceled': 'at once',
  'setup_intent.created': 'at once',
  'setup_intent.succeeded': 'at once',
  'setup_intent.setup_failed': 'at once',
  'setup_intent.requires_action': 'at once',
  'setup_intent.canceled': 'at once',
  'charge.succeeded': 'at once',
  'charge.failed': 'at once',
  'charge.captured': 'at once',
  'charge.refunded': 'at once',
  'charge.refund.updated': 'at once',
  'charge.dispute.created': 'at once',
  'charge.dispute.updated': 'at once',
  'charge.dispute.closed': 'at once',
  'payment_method.attached': 'at once',
  'payment_method.detached': 'at once',
  'payment_method.updated': 'at once',
  'customer.created': 'at once',
  'customer.updated': 'at once',
  'customer.deleted': 'at once',
  'customer.source.created': 'at once',
  'customer.source.updated': 'at once',
  'coupon.created': 'at once',
  'coupon.updated': 'at once',
  'coupon.deleted': 'at once',
  'promotion_code.created': 'at once',
  'promotion_code.updated': 'at once',
  'product.created': 'at once',
  'product.updated': 'at once',
  'product.deleted': 'at once',
  'price.created': 'at once',
  'price.updated': 'at once',
  'tax_rate.created': 'at once',
  'tax_rate.updated': 'at once',
};

interface Triggered {
  ran: Ran;
  atOnce: string[];
  later: string[];
  unsupported: unknown[];
}

async function trigger(type: string): Promise<Triggered> {
  const { sandbox, run, close } = await openCommandLine();
  const types = (): string[] => sandbox.world.database.all('select type from events').map((row) => String(row.type));
  try {
    const ran = await run('trigger', type);
    const atOnce = types();
    await sandbox.control.advance(3000);
    return { ran, atOnce, later: types(), unsupported: sandbox.control.unsupported() };
  } finally {
    await close();
  }
}

const results = new Map<string, PromiseWithResolvers<Triggered>>();
let lanes: Promise<unknown>;

beforeAll(() => {
  const waiting = Object.keys(TRIGGERS);
  for (const type of waiting) results.set(type, Promise.withResolvers());
  const lane = async (): Promise<void> => {
    for (let type = waiting.shift(); type !== undefined; type = waiting.shift()) {
      const result = results.get(type);
      await trigger(type).then(result?.resolve, result?.reject);
    }
  };
  lanes = Promise.all([lane(), lane()]);
});

afterAll(() => lanes);

describe('stripe trigger', () => {
  test.each(Object.entries(TRIGGERS))('%s happens %s', async (type, when) => {
    const result = await results.get(type)?.promise;
    expect(result?.ran).toMatchObject({ code: 0, out: expect.stringContaining('Trigger succeeded') });
    expect(result?.atOnce.includes(type)).toBe(when === 'at once');
    expect(result?.later).toContain(type);
    expect(result?.unsupported).toEqual([]);
  });

  test('what the sandbox does not have fails with a sentence, and is counted', async () => {
    const { ran, unsupported, later } = await trigger('payout.created');
    expect(ran.code).toBe(1);
    expect(ran.out + ran.err).toContain('Unrecognized request URL (POST: /v1/payouts)');
    expect(later).not.toContain('payout.created');
    expect(unsupported).toEqual([{ method: 'POST', path: '/v1/payouts', count: 1 }]);
  });
});
