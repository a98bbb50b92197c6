// Goal: the engine of interleavings finds what it is there for; one that finds nothing proves nothing.
// Method: a mistake is planted at the database's port, a lock that is not taken or a limit that is not asked for, and
// the constraint behind it is taken away, or a constraint alone; some order of the statements has to show it.
import { afterEach, expect, test } from 'vitest';
import { BUYING } from './interleavings/buying.ts';
import { taking } from './interleavings/explore.ts';
import { openCurtain, playAll } from './interleavings/play.ts';
import { REFUNDING } from './interleavings/refunding.ts';
import { openStage, type Planted, type StageShop } from './interleavings/rewind.ts';
import type { Scene } from './interleavings/scene.ts';
import { SETTLING } from './interleavings/settling.ts';

let stage: StageShop | undefined;
afterEach(async () => stage?.close());

const LIMITS = { schedules_max: 400, ms_max: 50_000 };
const ORDER_LOCK = {
  from: /^(select [^;]* from "(?:orders|payment_transactions)" [^;]*) for update(?: skip locked)?$/,
  to: '$1',
};
const BEHIND_SETTLE = [
  'alter table kassa.ledger_entries drop constraint ledger_entries_tenant_id_mode_cause_account_currency_key',
  'alter table kassa.audit_log drop constraint audit_log_one_per_version',
  'drop index kassa.outbox_messages_paid_once',
  'alter table kassa.outbox_messages drop constraint outbox_messages_order_id_topic_order_version_key',
];
const BEHIND_REFUNDS = [
  'alter table kassa.payment_transactions drop constraint payment_transactions_refunds_within_payment',
];

const BEHIND_ADOPTION = ['session_id', 'payment_id'].map(
  (column) => `drop index kassa.payment_transactions_tenant_id_mode_${column}_key`,
);

const MISTAKES: readonly (Planted & { what: string; scenes: readonly Scene[]; at: RegExp; shows: RegExp })[] = [
  {
    what: 'the lock of the order is not taken when a payment is settled',
    statements: [ORDER_LOCK],
    ddl: BEHIND_SETTLE,
    scenes: SETTLING,
    at: /^the return page and another one/,
    shows: /M\d|O\d|V\d/,
  },
  {
    what: 'the lock of the order is not taken when a refund is planned',
    statements: [ORDER_LOCK],
    ddl: BEHIND_REFUNDS,
    scenes: REFUNDING,
    at: /^two refunds of sixty/,
    // Stripe itself refuses what is too much, so that one of the two is written down as failed.
    shows: /M4|ended in two ways/,
  },
  {
    what: 'two rows may know one session',
    statements: [],
    ddl: BEHIND_ADOPTION,
    scenes: REFUNDING,
    at: /^money that no order knows/,
    shows: /orders, refunds and open breaks are 2|ended in two ways/,
  },
  {
    what: 'stock is taken without asking how much is left',
    statements: [{ from: / and stock\.capacity - stock\.held - stock\.sold >= moving\.held \+ moving\.sold/, to: '' }],
    ddl: ['alter table kassa.stock drop constraint stock_never_oversold'],
    scenes: BUYING,
    at: /^the last seat/,
    shows: /V1/,
  },
];

test.each(MISTAKES)(
  '$what: an order of statements is found that shows it',
  async ({ scenes, at, shows, ...planted }) => {
    const scene = scenes.find(({ name }) => at.test(name));
    if (!scene) throw new Error(`no scene is called ${at}`);
    stage = await openStage(planted);
    await openCurtain(stage);
    const { failure, schedules } = await playAll(
      stage,
      scene,
      taking(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 100),
      LIMITS,
    );
    if (planted.statements.length > 0) {
      expect(stage.changed(), 'statements that were said otherwise').toBeGreaterThan(0);
    }
    expect(failure, `after ${schedules} orders`).toMatch(shows);
  },
  60_000,
);
