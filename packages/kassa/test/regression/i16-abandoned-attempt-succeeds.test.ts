// I16: a first try that was left at the bank succeeds after another method paid, and its money is kept in silence.
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/5362
import { expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { realIds } from '../setup/world.ts';
import { facts, inShop } from './incident.ts';

test('a second payment for one order goes back by itself', () =>
  inShop(async (shop) => {
    const { payment_id, order_id } = await shop.begin();
    expect(await shop.confirm(payment_id, 'pm_card_authenticationRequired')).toBe('requires_action');
    // The buyer takes another card on another page: the first try is over for us, and not for the bank.
    const { data } = await shop.stripe.paymentIntents.list();
    const { amount = 0, currency = 'usd', metadata = {} } = data[0] ?? {};
    const other = await shop.stripe.paymentIntents.create({ amount, currency, metadata });
    await shop.db.updateTable('payment_transactions').set({ payment_status: 'superseded' }).execute();
    const changed = { payment_id: other.id, payment_status: 'pending', idempotency_key: 'kassa:another:open' };
    const other_try = JSON.stringify({ id: realIds.uuid(), ...changed });
    await sql`insert into kassa.payment_transactions
      select (jsonb_populate_record(first, ${other_try}::jsonb)).* from kassa.payment_transactions first
      where order_id = ${order_id}`.execute(shop.db);
    await shop.confirm(other.id);
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], refunds: [] });
    await shop.sandbox.control.authenticate(payment_id, 'complete');
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], refunds: ['10000 succeeded'] });
    expect(shop.sandbox.books().currencies.usd).toMatchObject({ captured: 20_000, refunded_succeeded: 10_000 });
  }));
