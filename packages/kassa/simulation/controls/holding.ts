import type { Control } from './control.ts';

const QUIET = { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 };
const SPA = { shop: 6 };
const UNPAID = "status: 'expired', payment_status: 'unpaid', failed: false";

/** Mistakes with what is set aside: stock, times, coupons, credits. */
export const HOLDING: readonly Control[] = [
  {
    name: 'N21',
    mistake: 'stock is taken without asking how much is left',
    edits: [
      {
        file: 'domain/inventory/stock-table.ts',
        from: ' and stock.capacity - stock.held - stock.sold >= moving.held + moving.sold`',
        to: '`',
      },
      {
        file: 'domain/inventory/stock-table.ts',
        from: ' - stock.sold < wanted.quantity order',
        to: ' < 0 and stock.capacity < 0 order',
      },
    ],
    ddl: ['alter table kassa.stock drop constraint stock_never_oversold'],
    mix: { shop: 1 },
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N22',
    mistake: 'what is held is let go before its page ends, and Stripe is not told',
    edits: [
      {
        file: 'flows/opening/attach-session.ts',
        from: 'const EXPIRE_AFTER_MS = 60_000;',
        to: 'const EXPIRE_AFTER_MS = -25 * 60_000;',
      },
      {
        file: 'flows/checkout/expire-checkout.ts',
        from:
          '    const report = await sendOperation(house, operation, { send: expireSession, idOf: () => session_id });\n' +
          "    return report ?? (await readSession(session_id, 'unblock'));",
        to: `    return { ...(await readSession(session_id, 'unblock')), ${UNPAID} };`,
      },
    ],
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N23',
    mistake: 'a page that Stripe refuses to end is taken as ended',
    edits: [
      {
        file: 'flows/checkout/expire-checkout.ts',
        from: "    return readSession(session_id, 'unblock');\n  }",
        to: `    return { ...(await readSession(session_id, 'unblock')), ${UNPAID} };\n  }`,
      },
    ],
    mix: { webhooks: 'none', outages: [], rates: { ...QUIET, buyer: 0.5 }, faults: ['pays_late'], compares_min: 45 },
    purchases_max: 1_000,
    seed: 1_014,
  },
  {
    name: 'N25',
    mistake: 'a time is taken without looking whether it is free',
    edits: [
      {
        file: 'domain/appointments/appointments-table.ts',
        from: '  if (!first || first.starts_at.getTime() >= free_from.getTime()) return;',
        to: '  if (!first || starts_at.getTime() > 0) return;',
      },
    ],
    ddl: ['alter table kassa.appointments drop constraint appointments_never_overlap'],
    mix: SPA,
    purchases_max: 600,
    seed: 1_000,
  },
  {
    name: 'N46',
    mistake: 'a coupon is not counted when it is held',
    edits: [
      {
        file: 'domain/coupons/uses-table.ts',
        from: '  if (!(await countUse(tx, coupon.id))) throw couponNotValid();\n  const { per_buyer_max } = coupon;',
        to: '  const { per_buyer_max } = coupon;',
      },
    ],
    mix: SPA,
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N47',
    mistake: 'credits are given back twice',
    edits: [
      {
        file: 'domain/credits/holds-table.ts',
        from: '    await moveLot(tx, lot_id, { held: -amount, spent });',
        to:
          '    await moveLot(tx, lot_id, { held: -amount, spent });\n' +
          "    if (end === 'released') await moveLot(tx, lot_id, { held: -amount, spent });",
      },
    ],
    mix: SPA,
    purchases_max: 1_000,
    seed: 1_017,
  },
  {
    name: 'N49',
    mistake: 'of everything in a basket only the first is set aside',
    edits: [
      {
        file: 'flows/holding/set-aside.ts',
        from: '  const requests = lines.map(',
        to: '  const requests = lines.slice(0, 1).map(',
      },
    ],
    mix: SPA,
    purchases_max: 300,
    seed: 1_001,
  },
  {
    name: 'N52',
    mistake: 'a coupon stays used when nothing was bought with it',
    edits: [
      {
        file: 'flows/holding/end-aside.ts',
        from: '  if (aside.coupon) await endUse(',
        to: '  if (aside.coupon && sold) await endUse(',
      },
    ],
    mix: SPA,
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N53',
    mistake: 'a time stays taken when nobody paid for it',
    edits: [
      {
        file: 'flows/holding/end-aside.ts',
        from: "  await endAppointments(tx, aside, sold ? 'paid' : 'let_go', at);",
        to: "  if (sold) await endAppointments(tx, aside, 'paid', at);",
      },
    ],
    mix: SPA,
    purchases_max: 300,
    seed: 1_000,
  },
  {
    name: 'N54',
    mistake: 'credits that pay an order are never taken',
    edits: [
      {
        file: 'flows/holding/end-aside.ts',
        from: "  await endCredits(tx, order_id, { holds: aside.credits, end: sold ? 'captured' : 'released' }, world);",
        to: "  if (!sold) await endCredits(tx, order_id, { holds: aside.credits, end: 'released' }, world);",
      },
    ],
    mix: SPA,
    purchases_max: 300,
    seed: 1_001,
  },
  {
    name: 'N55',
    mistake: 'stock stays held when nobody paid for it',
    edits: [
      {
        file: 'flows/holding/end-aside.ts',
        from: '  await endHolds(tx, aside.holds, end, at);',
        to: '  if (sold) await endHolds(tx, aside.holds, end, at);',
      },
    ],
    purchases_max: 300,
    seed: 1_001,
  },
];
