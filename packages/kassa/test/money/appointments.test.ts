// Goal: an hour is sold once, kept while its buyer pays, and looked after until it is over; a package is sold as a whole.
// Method: a real Postgres and the real stories; only time is virtual.
import { afterEach, expect, test } from 'vitest';
import { listOrders, readStory } from '../../src/domain/reports/index.ts';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import type { SlotWish } from '../../src/flows/house.ts';
import type { Opened } from '../../src/flows/opening/attach-session.ts';
import { openSpa, SPA, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => spa?.close());
const open = async (): Promise<Spa> => {
  spa = await openSpa();
  return spa;
};

const massage = (of: Spa, slot: SlotWish) => [{ offer_id: of.id('massage'), quantity: 1, slot }];
const sauna = (of: Spa, slot: SlotWish) => [{ offer_id: of.id('sauna'), quantity: 1, slot }];

async function states(of: Spa): Promise<string[]> {
  const rows = await of.db.selectFrom('appointments').select('state').orderBy('id').execute();
  return rows.map((row) => row.state);
}

test('an hour is held while its buyer pays, confirmed by the payment, and over when its time is over', async () => {
  const of = await open();
  const opened = await of.order(massage(of, of.slot(1)));
  expect(await states(of)).toEqual(['held']);
  await of.pay(opened);
  await of.rest();
  expect(await states(of)).toEqual(['confirmed']);
  await of.pass(86_400_000 + 3_600_000);
  expect(await states(of)).toEqual(['completed']);
});

test('a paid appointment has its workflow started once, and is shown with its checkout', async () => {
  const of = await open();
  const slot = of.slot(1);
  const opened = await of.sell(massage(of, slot));
  await of.pass(5 * 60_000);
  const effects = await of.db.selectFrom('effects').select(['name', 'topic', 'order_line_id']).execute();
  expect(effects).toMatchObject([{ name: 'workflow:start', topic: 'appointment.confirmed' }]);
  const timers = await of.db.selectFrom('timers').select('due_at').where('kind', '=', 'appointment_ends').execute();
  expect(timers).toEqual([{ due_at: slot.ends_at }]);
  const view = await refreshCheckout(of.house, { order_id: opened.order_id }, 'never');
  expect(view?.appointments).toMatchObject([
    { offer_external_id: '123', practitioner_external_id: '456', ...slot, state: 'confirmed' },
  ]);
});

test('an hour that overlaps another is refused with hours that are free, and so are its neighbours’ pauses', async () => {
  const of = await open();
  await of.order(massage(of, of.slot(1, { at_minute: 60 })), { as: 'bob' });
  const tries: [SlotWish, number[]][] = [
    // Wanted minute of the day, free ones: a massage is held from 60 to 120.
    [of.slot(1, { at_minute: 60 }), [120, 180, 240]],
    [of.slot(1, { at_minute: 30 }), [120, 180, 240]],
    [of.slot(1, { at_minute: 119 }), [120, 180, 240]],
  ];
  for (const [slot, minutes] of tries) {
    const next_free = minutes.map((at_minute) => of.slot(1, { at_minute }).starts_at.toISOString());
    await expect(of.order(massage(of, slot))).rejects.toMatchObject({ code: 'slot_taken', details: { next_free } });
  }
  // The sauna keeps half an hour free behind it, so it cannot end right before the massage.
  const pat = { with: '456', minutes: 90 };
  await expect(of.order(sauna(of, of.slot(1, { ...pat, at_minute: -30 })))).rejects.toMatchObject({
    code: 'slot_taken',
  });
  await of.order(sauna(of, of.slot(1, { ...pat, at_minute: -60 })));
  await of.order(massage(of, of.slot(1, { at_minute: 120 })));
  await of.order(sauna(of, of.slot(1, { at_minute: 60, minutes: 90, with: '457' })));
});

test('a buyer who opens a page for their own hour again has it: the first page ends', async () => {
  const of = await open();
  const first = await of.order(massage(of, of.slot(1)));
  const second = await of.order(massage(of, of.slot(1, { at_minute: 30 })));
  expect([await of.status(first), await of.status(second)]).toEqual(['expired', 'pending']);
  expect(await states(of)).toEqual(['released', 'held']);
  // For everybody else it is taken, and an hour that was paid is taken for its buyer as well.
  await expect(of.order(massage(of, of.slot(1)), { as: 'bob' })).rejects.toMatchObject({ code: 'slot_taken' });
  await of.pay(second);
  await of.order(massage(of, of.slot(2)));
  await expect(of.order(massage(of, of.slot(1)))).rejects.toMatchObject({ code: 'slot_taken' });
  expect(await states(of)).toEqual(['released', 'confirmed', 'held']);
});

test('an hour that cannot be is refused by the name of its field', async () => {
  const of = await open();
  const hour = of.slot(1);
  const { starts_at, ends_at } = hour;
  const wrong: [SlotWish | undefined, string][] = [
    [undefined, 'lines.0.slot'],
    [of.slot(-1), 'lines.0.starts_at'],
    [{ starts_at: ends_at, ends_at: starts_at }, 'lines.0.ends_at'],
    [of.slot(1, { minutes: 30 }), 'lines.0.ends_at'],
    [{ ...hour, practitioner_id: of.practitioner('457') }, 'lines.0.practitioner_id'],
  ];
  const before = await of.aside();
  for (const [slot, field] of wrong) {
    const line = { offer_id: of.id('massage'), quantity: 1, ...(slot ? { slot } : {}) };
    const refusal = await of.order([line]).catch((error: unknown) => error as { code: string; details: object });
    expect(refusal).toMatchObject({ code: 'invalid_request' });
    expect(Object.keys((refusal as { details: object }).details)).toEqual([field]);
  }
  const nobody = { offer_id: of.id('sauna'), quantity: 1, slot: of.slot(1, { minutes: 90 }) };
  await expect(of.order([nobody])).rejects.toMatchObject({ details: { 'lines.0.practitioner_id': 'required' } });
  const towel = [{ offer_id: of.id('towel'), quantity: 1, slot: hour }];
  await expect(of.order(towel)).rejects.toMatchObject({ details: { 'lines.0.slot': 'not for this offer' } });
  expect(await of.aside()).toBe(before);
});

test('an hour of a checkout that ends unpaid is free again', async () => {
  const of = await open();
  await of.order(massage(of, of.slot(1)));
  await of.pass(60 * 60_000);
  expect(await states(of)).toEqual(['released']);
  await of.order(massage(of, { starts_at: at(of, 23), ends_at: at(of, 24) }));
});

const at = (of: Spa, hours: number): Date => new Date(of.clock.now() + hours * 3_600_000);

test('late money takes its hour again when it is free, and goes back when it is sold or over', async () => {
  const of = await open();
  const free = await of.order(massage(of, of.slot(1)));
  const sold = await of.order(massage(of, of.slot(2)), { as: 'cleo' });
  const over = await of.order(massage(of, of.slot(0, { at_minute: 5 })), { as: 'dan' });
  const arrive = new Map<Opened, () => Promise<void>>();
  for (const opened of [free, sold, over]) arrive.set(opened, await of.payLate(opened));
  await of.order(massage(of, of.slot(2)), { as: 'bob' });
  of.clock.advance(10 * 60_000);
  for (const opened of [free, sold, over]) await arrive.get(opened)?.();
  await of.rest();
  expect([await of.status(free), await of.status(sold), await of.status(over)]).toEqual(['paid', 'expired', 'expired']);
  expect(await states(of)).toEqual(['confirmed', 'released', 'released', 'held']);
  const refunds = await of.db.selectFrom('refunds').select(['order_id', 'cause']).orderBy('id').execute();
  expect(refunds).toEqual([
    { order_id: sold.order_id, cause: 'too_late' },
    { order_id: over.order_id, cause: 'too_late' },
  ]);
});

test('several hours in one order are held together or not at all', async () => {
  const of = await open();
  await of.order(massage(of, of.slot(2)), { as: 'bob' });
  const before = await of.aside();
  const three = [...massage(of, of.slot(1)), ...massage(of, of.slot(2)), ...massage(of, of.slot(3))];
  await expect(of.order(three)).rejects.toMatchObject({ code: 'slot_taken' });
  const twice = [...massage(of, of.slot(1)), ...massage(of, of.slot(1))];
  await expect(of.order(twice)).rejects.toMatchObject({ code: 'slot_taken' });
  expect(await of.aside()).toBe(before);
  expect(await of.order([...massage(of, of.slot(1)), ...massage(of, of.slot(3))])).toMatchObject({
    total_minor: 21_750,
  });
});

test('money that goes back in full calls the hour off, and the hour can be sold again', async () => {
  const of = await open();
  await of.grant(2_000);
  const opened = await of.sell(massage(of, of.slot(1)), { use_credits: true });
  await of.refund(opened);
  expect(await of.status(opened)).toBe('refunded');
  expect(await states(of)).toEqual(['canceled']);
  expect(await of.balance()).toMatchObject({ balance_minor: 2_000, held_minor: 0 });
  expect(await of.db.selectFrom('timers').selectAll().where('kind', '=', 'appointment_ends').execute()).toEqual([]);
  await of.order(massage(of, of.slot(1)), { as: 'bob' });
  expect(await of.ledger()).toEqual({
    refunds: 10_000,
    discounts: 2_000,
    credits_liability: -2_000,
    revenue: -10_000,
  });
});

test('a part of the money that goes back leaves the hour and the credits as they are', async () => {
  const of = await open();
  await of.grant(2_000);
  const opened = await of.sell(massage(of, of.slot(1)), { use_credits: true });
  await of.refund(opened, 100);
  expect(await of.status(opened)).toBe('partially_refunded');
  expect(await states(of)).toEqual(['confirmed']);
  expect(await of.balance()).toMatchObject({ balance_minor: 0 });
});

test('a bundle whose money goes back gives up what nobody has spent of it', async () => {
  const of = await open();
  const opened = await of.sell([{ offer_id: of.id('gift'), quantity: 1 }]);
  await of.sell([{ offer_id: of.id('towel'), quantity: 1 }], { use_credits: true });
  await of.refund(opened);
  expect(await of.balance()).toMatchObject({ balance_minor: 0 });
  // 20.00 was paid for 25.00; 10.00 of it was spent, and 15.00 is no longer owed.
  expect(await of.ledger()).toEqual({ refunds: 2_000, discounts: 200, revenue: -2_200 });
});

test('a shop may let hours, credits and the coupon’s use go the other way when money goes back', async () => {
  spa = await openSpa({ config: { ...SPA, afterRefund: { appointments: 'keep', credits: 'keep', coupon: 'free' } } });
  const once = { coupon_code: 'ONCE' };
  const opened = await spa.sell([...massage(spa, spa.slot(1)), { offer_id: spa.id('gift'), quantity: 1 }], once);
  await expect(spa.order([{ offer_id: spa.id('towel'), quantity: 1 }], once)).rejects.toMatchObject({
    code: 'coupon_not_valid',
  });
  await spa.refund(opened);
  expect(await spa.status(opened)).toBe('refunded');
  expect(await states(spa)).toEqual(['confirmed']);
  expect(await spa.balance()).toMatchObject({ balance_minor: 2_500 });
  expect(await spa.order([{ offer_id: spa.id('towel'), quantity: 1 }], once)).toMatchObject({ total_minor: 500 });
});

test('the story of an order tells of its credits, its coupon and its hours', async () => {
  const of = await open();
  await of.grant(2_000);
  await of.sell(massage(of, of.slot(1)), { use_credits: true, coupon_code: 'TENTH' });
  const [order] = (await listOrders(of.db, of.house.shop, { limit: 1 })).orders;
  const story = await readStory(of.db, of.house.shop, order?.id ?? '');
  const titles = story?.steps.map((step) => step.title);
  expect(titles).toEqual(
    expect.arrayContaining([
      'Coupon TENTH',
      'Held 20.00 USD',
      'Spent 20.00 USD',
      'Massage with Pat, 2026-11-22 10:00 UTC',
      'Workflow of an appointment',
    ]),
  );
});
