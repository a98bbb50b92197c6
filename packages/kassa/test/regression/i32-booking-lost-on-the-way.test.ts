// I32: what a buyer filled in is lost between the booking and the payment.
// https://github.com/calcom/cal.diy/issues/23375
import { expect, test } from 'vitest';
import { openSpa } from '../setup/spa.ts';

test('an hour that was paid for begins its workflow with what was booked', async () => {
  const of = await openSpa();
  try {
    const slot = of.slot(1);
    const lines = [{ offer_id: of.id('massage'), quantity: 1, slot }];
    await of.sell(lines, { metadata: { wish: 'a quiet room' }, external_reference: 'desk-7' });
    const [appointment] = await of.db.selectFrom('appointments').select(['id', 'during', 'state']).execute();
    expect(appointment).toMatchObject({ state: 'confirmed' });
    expect(appointment?.during).toContain(slot.starts_at.toISOString().slice(0, 16).replace('T', ' '));
    const attempt = await of.db.selectFrom('payment_transactions').select('metadata').executeTakeFirst();
    expect(attempt?.metadata).toMatchObject({ wish: 'a quiet room' });
    const begun = of.db
      .selectFrom('deliveries')
      .select('delivered_at')
      .where('destination', '=', `workflow:${appointment?.id}`);
    expect((await begun.execute()).map(({ delivered_at }) => delivered_at !== null)).toEqual([true]);
  } finally {
    await of.close();
  }
});
