// Goal: the rules that look at more than one row hold, whatever the code above does: no silent change of an order, no
// unbalanced books, nothing given away unpaid, nothing rewritten that was written for good.
import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction, type Transaction } from '../../src/database/index.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { insertRow, insertRows, insertSet } from './insert-rows.ts';
import { idOf, type Row, validRows } from './valid-rows.ts';

const STATUSES = ['draft', 'pending', 'processing', 'paid', 'partially_refunded', 'refunded', 'expired', 'canceled'];
/** The moves that an order may make; every other pair is refused. */
const MOVES: Record<string, readonly string[]> = {
  draft: ['pending', 'processing', 'paid', 'expired', 'canceled'],
  pending: ['processing', 'paid', 'expired', 'canceled'],
  processing: ['paid', 'expired', 'canceled'],
  paid: ['partially_refunded', 'refunded'],
  partially_refunded: ['refunded', 'paid'],
  refunded: ['partially_refunded', 'paid'],
  expired: ['paid'],
  canceled: ['paid'],
};
/** The tables that a price is made of, each with a column. */
const COUNTED = {
  ...{ offers: 'name', prices: 'offer_id', offer_children: 'parent_id', offer_grants: 'offer_id' },
  ...{ practitioners: 'name', offer_practitioners: 'offer_id', tax_rates: 'tax_class' },
};
const versionIn = async (tx: Transaction): Promise<number> => {
  const { rows } = await sql<{ version: number }>`select version::int from kassa.catalogue_version`.execute(tx);
  return rows[0]?.version ?? 0;
};
const tested = new Set<string>();

onEachServer((server) => {
  let shop: FreshDatabase;
  beforeAll(async () => {
    shop = await freshDatabase({}, server);
    await inTransaction(shop.db, (tx) => insertSet(tx, 1));
  });
  afterAll(() => shop.drop());

  /** The rule that refused the work, at a statement or at the commit; 'kept' is never kept by the test's own database. */
  const refusalOf = async (work: (tx: Transaction) => Promise<unknown>): Promise<string> => {
    const kept = new Error('kept');
    try {
      await inTransaction(shop.db, async (tx) => {
        await work(tx);
        // What waits for the commit is asked now; then everything is taken back.
        await sql`set constraints all immediate`.execute(tx);
        throw kept;
      });
    } catch (error) {
      const { constraint, code, message } = error as { constraint?: string; code?: string; message: string };
      return constraint ?? code ?? message;
    }
    return kept.message;
  };
  const trigger = (names: readonly string[], title: string, body: () => Promise<void>) => {
    for (const name of names) tested.add(name);
    test(`${names.join(', ')}: ${title}`, body);
  };

  describe('what is written for good', () => {
    const tables: [string, string, RawBuilder<unknown>][] = [
      ['quotes_immutable', 'quotes', sql`update kassa.quotes set expires_at = expires_at + interval '1 day'`],
      ['ledger_append_only', 'ledger_entries', sql`update kassa.ledger_entries set amount_minor = -amount_minor`],
      ['credit_entries_append_only', 'credit_entries', sql`update kassa.credit_entries set amount = 1`],
      ['audit_log_append_only', 'audit_log', sql`update kassa.audit_log set actor = 'nobody'`],
    ];
    for (const [name, table, rewrite] of tables) {
      trigger([name], `${table} are neither changed nor deleted`, async () => {
        const rewritten = (work: RawBuilder<unknown>) =>
          inTransaction(shop.db, (tx) => work.execute(tx)).catch((error: Error) => error);
        const refused = { code: '23001', message: expect.stringContaining(`${table} is append-only`) };
        expect(await rewritten(rewrite)).toMatchObject(refused);
        expect(await rewritten(sql`delete from kassa.${sql.ref(table)}`)).toMatchObject(refused);
      });
    }
  });

  describe('an order', () => {
    const order = idOf('orders', 1);
    const audit = (version: number): Row => ({
      ...validRows(1).audit_log,
      id: `01935000-0000-7000-8000-00000000${String(9000 + version).padStart(4, '0')}`,
      order_version: version,
    });
    const move = (tx: Transaction, status: string, version: number) =>
      sql`update kassa.orders set status = ${status}, version = ${version} where id = ${order}`.execute(tx);

    trigger(['orders_legal_move'], 'only the moves of the design exist', async () => {
      for (const from of STATUSES) {
        for (const to of STATUSES) {
          const refused = await refusalOf(async (tx) => {
            // The row is put where the move begins without asking the trigger that is looked at.
            await sql`alter table kassa.orders disable trigger user`.execute(tx);
            await move(tx, from, 1);
            await sql`alter table kassa.orders enable trigger user`.execute(tx);
            await insertRow('audit_log', audit(2)).execute(tx);
            await move(tx, to, 2);
          });
          const allowed = from === to || MOVES[from]?.includes(to);
          expect(refused, `${from} to ${to}`).toBe(allowed ? 'kept' : 'orders_legal_move');
        }
      }
    });

    trigger(['orders_legal_move'], 'its version never goes back', async () => {
      const back = async (tx: Transaction) => {
        await insertRow('audit_log', audit(3)).execute(tx);
        await move(tx, 'paid', 3);
        await move(tx, 'paid', 1);
      };
      expect(await refusalOf(back)).toBe('orders_version_grows');
    });

    trigger(['orders_audited_update'], 'it never moves without a row that says why', async () => {
      expect(await refusalOf((tx) => move(tx, 'refunded', 2))).toBe('orders_audited');
      // A new version alone needs one too, and the row may come after the move.
      expect(await refusalOf((tx) => move(tx, 'paid', 2))).toBe('orders_audited');
      const after = async (tx: Transaction) => {
        await move(tx, 'refunded', 2);
        await insertRow('audit_log', audit(2)).execute(tx);
      };
      expect(await refusalOf(after)).toBe('kept');
      expect(await refusalOf((tx) => sql`update kassa.orders set locale = 'de'`.execute(tx))).toBe('kept');
    });

    trigger(['orders_audited_insert'], 'it never begins without a row that says why', async () => {
      const unexplained = (tx: Transaction) => insertSet(tx, 2, { audit_log: { order_id: null, order_version: null } });
      expect(await refusalOf(unexplained)).toBe('orders_audited');
      expect(await refusalOf((tx) => insertSet(tx, 2))).toBe('kept');
    });

    trigger(['orders_sum_of_lines', 'order_lines_sum_to_order'], 'it and its lines tell one sum', async () => {
      const line = idOf('order_lines', 1);
      const more = { id: idOf('order_lines', 3), position: 1 };
      const cases: Record<string, (tx: Transaction) => Promise<unknown>> = {
        'a line too many': (tx) => insertRow('order_lines', { ...validRows(1).order_lines, ...more }).execute(tx),
        'a line made dearer': (tx) =>
          sql`update kassa.order_lines set unit_minor = 1001, subtotal_minor = 2002, total_minor = 2002 where id = ${line}`.execute(
            tx,
          ),
        'an order made cheaper': (tx) =>
          sql`update kassa.orders set subtotal_minor = 1999, total_minor = 1999 where id = ${order}`.execute(tx),
        'an order with other tax': (tx) =>
          sql`update kassa.orders set tax_minor = 1, credits_minor = 1 where id = ${order}`.execute(tx),
      };
      for (const [name, work] of Object.entries(cases))
        expect(await refusalOf(work), name).toBe('order_lines_sum_to_order');
      const alone = async (tx: Transaction) => {
        const bare = { id: idOf('orders', 3), number: 3, stripe_checkout_session_id: null };
        await insertRow('orders', { ...validRows(1).orders, ...bare }).execute(tx);
        await insertRow('audit_log', { ...audit(1), order_id: bare.id }).execute(tx);
      };
      expect(await refusalOf(alone)).toBe('order_lines_sum_to_order');
      const both = async (tx: Transaction) => {
        await sql`update kassa.order_lines set unit_minor = 1001, subtotal_minor = 2002, total_minor = 2002 where id = ${line}`.execute(
          tx,
        );
        await sql`update kassa.orders set subtotal_minor = 2002, total_minor = 2002 where id = ${order}`.execute(tx);
      };
      expect(await refusalOf(both)).toBe('kept');
    });
  });

  trigger(['ledger_posting_sums_to_zero'], 'a posting balances in each of its currencies', async () => {
    const written = (lines: readonly (readonly [string, string, number])[], from = 0) =>
      insertRows(
        'ledger_entries',
        lines.map(([account, currency, amount_minor], at) => {
          const id = `01935000-0000-7000-8000-0000000099${String(from + at).padStart(2, '0')}`;
          const rest = { id, posting_id: idOf('posting', 7), cause: 'test' };
          return { ...validRows(1).ledger_entries, ...rest, account, currency, amount_minor };
        }),
      );
    const posting = (lines: readonly (readonly [string, string, number])[]) => (tx: Transaction) =>
      written(lines).execute(tx);
    expect(await refusalOf(posting([['stripe', 'usd', 5]]))).toBe('ledger_posting_sums_to_zero');
    const crossed = posting([
      ['stripe', 'usd', 5],
      ['revenue', 'eur', -5],
    ]);
    expect(await refusalOf(crossed)).toBe('ledger_posting_sums_to_zero');
    const balanced = posting([
      ['stripe', 'usd', 5],
      ['revenue', 'usd', -4],
      ['tax', 'usd', -1],
      ['fees', 'eur', 1],
      ['review', 'eur', -1],
    ]);
    expect(await refusalOf(balanced)).toBe('kept');
    // It is written whole: what would be made up for later in the transaction is refused at once.
    const in_parts = async (tx: Transaction) => {
      await written([['stripe', 'usd', 5]]).execute(tx);
      await written([['revenue', 'usd', -5]], 1).execute(tx);
    };
    expect(await refusalOf(in_parts)).toBe('ledger_posting_sums_to_zero');
    // One line too much in a statement of many postings is found among them.
    const among_others = (tx: Transaction) => {
      const of = (line: number, posting: number, account: string, amount_minor: number): Row => ({
        ...validRows(1).ledger_entries,
        ...{ id: idOf('ledger_entries', line), posting_id: idOf('posting', posting), cause: `test:${posting}` },
        ...{ account, amount_minor },
      });
      const whole = [of(7, 7, 'stripe', 5), of(8, 7, 'revenue', -5)];
      return insertRows('ledger_entries', [...whole, of(9, 8, 'stripe', 5)]).execute(tx);
    };
    expect(await refusalOf(among_others)).toBe('ledger_posting_sums_to_zero');
  });

  trigger(
    ['refunds_sum'],
    'refunds on their way and done count against the payment, failed and canceled ones do not',
    async () => {
      const attempt_id = idOf('payment_transactions', 1);
      const refund = (set: number, amount_minor: number, status: string): Row => ({
        ...validRows(1).refunds,
        ...{ id: idOf('refunds', set), amount_minor, status, stripe_refund_id: `re_${set}` },
      });
      const sum = async (tx: Transaction) =>
        (
          await tx
            .selectFrom('payment_transactions')
            .select('refunding_minor')
            .where('id', '=', attempt_id)
            .executeTakeFirstOrThrow()
        ).refunding_minor;
      // The first set's own refund of 500 succeeded.
      const story = async (tx: Transaction) => {
        expect(await sum(tx)).toBe(500);
        await insertRow('refunds', refund(2, 300, 'requested')).execute(tx);
        await insertRow('refunds', refund(3, 200, 'pending')).execute(tx);
        await insertRow('refunds', refund(4, 1999, 'failed')).execute(tx);
        await insertRow('refunds', refund(5, 1999, 'canceled')).execute(tx);
        expect(await sum(tx)).toBe(1000);
        await sql`update kassa.refunds set status = 'failed' where id = ${idOf('refunds', 3)}`.execute(tx);
        expect(await sum(tx)).toBe(800);
      };
      expect(await refusalOf(story)).toBe('kept');
      const limit = 'payment_transactions_refunds_within_payment';
      expect(await refusalOf((tx) => insertRow('refunds', refund(2, 1500, 'requested')).execute(tx))).toBe('kept');
      expect(await refusalOf((tx) => insertRow('refunds', refund(2, 1501, 'requested')).execute(tx))).toBe(limit);
      const risen = async (tx: Transaction) => {
        await insertRow('refunds', refund(2, 1501, 'failed')).execute(tx);
        await sql`update kassa.refunds set status = 'pending' where id = ${idOf('refunds', 2)}`.execute(tx);
      };
      expect(await refusalOf(risen)).toBe(limit);
    },
  );

  test('two refunds at once that are too much together: one of them is refused', async () => {
    const halves = [11, 12].map((set) => ({
      ...validRows(1).refunds,
      ...{ id: idOf('refunds', set), amount_minor: 1000, status: 'requested', stripe_refund_id: `re_${set}` },
    }));
    const settled = await Promise.allSettled(
      halves.map((row) => inTransaction(shop.db, (tx) => insertRow('refunds', row).execute(tx))),
    );
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const { rows } = await sql`select refunding_minor from kassa.payment_transactions`.execute(shop.db);
    expect(rows).toEqual([{ refunding_minor: 1500 }]);
  });

  trigger(['refund_lines_within_sold'], 'no more pieces of a line go back than were sold', async () => {
    const refund = (set: number): Row => ({
      ...validRows(1).refunds,
      ...{ id: idOf('refunds', set), amount_minor: 1, tax_minor: 0, stripe_refund_id: `re_${set}` },
    });
    const line = (set: number, quantity: number): Row => ({
      ...validRows(1).refund_lines,
      ...{ refund_id: idOf('refunds', set), quantity },
    });
    // Two were sold, and the first set's own refund has one of them.
    const back = (quantity: number, status: string) => async (tx: Transaction) => {
      await insertRow('refunds', { ...refund(2), status }).execute(tx);
      await insertRow('refund_lines', line(2, quantity)).execute(tx);
    };
    for (const status of ['requested', 'pending', 'succeeded']) {
      expect(await refusalOf(back(1, status)), status).toBe('kept');
      expect(await refusalOf(back(2, status)), status).toBe('refund_lines_within_sold');
    }
    expect(await refusalOf(back(2, 'failed'))).toBe('kept');
  });

  trigger(
    ['tenants_stay', 'tenants_never_emptied', 'inbox_events_stay', 'outbox_messages_stay'],
    'a shop stays, and what was told of it stays with it',
    async () => {
      const ways: RawBuilder<unknown>[] = [
        sql`delete from kassa.tenants`,
        sql`update kassa.tenants set id = ${idOf('tenants', 9)}`,
        sql`truncate kassa.tenants cascade`,
        sql`update kassa.inbox_events set tenant_id = tenant_id`,
        sql`update kassa.outbox_messages set tenant_id = tenant_id`,
      ];
      for (const way of ways) expect(await refusalOf((tx) => way.execute(tx))).toBe('23001');
      expect(await refusalOf((tx) => sql`update kassa.tenants set name = 'Another'`.execute(tx))).toBe('kept');
    },
  );

  const pairs: Record<string, (set: number) => Row> = {
    ledger_entries: (set) => ({
      ...{ id: idOf('ledger_entries', set), posting_id: idOf('posting', 7), cause: 'test' },
      ...(set === 7 ? { account: 'stripe', amount_minor: 5 } : { account: 'revenue', amount_minor: -5 }),
    }),
    audit_log: (set) => ({ id: idOf('audit_log', set), order_version: set }),
    outbox_messages: (set) => ({ id: idOf('outbox_messages', set), topic: 'order.told', order_version: set }),
    inbox_events: (set) => ({ id: `evt_${set}` }),
  };
  trigger(
    Object.keys(pairs).map((table) => `${table}_of_tenant`),
    'no row is written for a shop that is not there, nor beside one that may be',
    async () => {
      for (const [table, row] of Object.entries(pairs)) {
        const [first, second] = [7, 8].map((set) => ({ ...validRows(1)[table], ...row(set) }));
        const beside = (shop: Row) => (tx: Transaction) =>
          insertRows(table, [{ ...first }, { ...second, ...shop }]).execute(tx);
        expect(await refusalOf(beside({})), table).toBe('kept');
        const stranger = { tenant_id: idOf('tenants', 999) };
        expect(await refusalOf(beside(stranger)), table).toBe(`${table}_tenant_id_fkey`);
      }
    },
  );

  trigger(['ledger_never_emptied'], 'the books cannot be emptied', async () => {
    expect(await refusalOf((tx) => sql`truncate kassa.ledger_entries`.execute(tx))).toBe('23001');
  });

  test('who serves the shop may read the books and add to them, and nothing else', async () => {
    const right = (name: string) =>
      sql<{ may: boolean }>`select ${name} = any (array(
          select privilege_type from information_schema.role_table_grants
           where table_schema = 'kassa' and table_name = 'ledger_entries' and grantee = current_user)) as may`
        .execute(shop.db)
        .then(({ rows }) => rows[0]?.may);
    for (const name of ['SELECT', 'INSERT']) expect(await right(name), name).toBe(true);
    for (const name of ['UPDATE', 'DELETE', 'TRUNCATE']) expect(await right(name), name).toBe(false);
  });

  trigger(['effects_only_when_paid'], 'nothing is given away for an order that is not paid', async () => {
    const effect = (changes: Row): Row => ({
      ...validRows(1).effects,
      id: idOf('effects', 5),
      name: 'other',
      ...changes,
    });
    const unpaid = (status: string) => async (tx: Transaction) => {
      await insertSet(tx, 2, { orders: { status, paid_at: null }, effects: { topic: 'order.expired' } });
      await insertRow('effects', effect({ order_id: idOf('orders', 2) })).execute(tx);
    };
    for (const status of ['draft', 'pending', 'processing', 'expired', 'canceled']) {
      expect(await refusalOf(unpaid(status)), status).toBe('effects_only_when_paid');
    }
    const workflow = async (tx: Transaction) => {
      await insertSet(tx, 2, { orders: { status: 'pending', paid_at: null }, effects: { topic: 'order.expired' } });
      await insertRow('effects', effect({ order_id: idOf('orders', 2), topic: 'appointment.confirmed' })).execute(tx);
    };
    expect(await refusalOf(workflow)).toBe('effects_only_when_paid');
    expect(await refusalOf((tx) => insertRow('effects', effect({ order_id: idOf('orders', 999) })).execute(tx))).toBe(
      'effects_only_when_paid',
    );
    expect(await refusalOf((tx) => insertRow('effects', effect({})).execute(tx))).toBe('kept');
  });

  trigger(['ledger_entries_note_late'], 'an entry of a day that is being closed is noted, and no other', async () => {
    const notedWhile = async (closing_before: string): Promise<number> => {
      let noted = 0;
      const done = await refusalOf(async (tx) => {
        const { tenant_id } = validRows(1).ledger_entries ?? {};
        await sql`delete from kassa.ledger_late_entries`.execute(tx);
        await sql`update kassa.ledger_closings set closing_before = ${closing_before}`.execute(tx);
        // A third line and a fourth of the first posting, which sum to nothing by themselves.
        const lines = [
          { id: idOf('ledger_entries', 7), tenant_id, account: 'tax', amount_minor: 5 },
          { id: idOf('ledger_entries', 8), tenant_id, account: 'fees', amount_minor: -5 },
        ].map((line) => ({ ...validRows(1).ledger_entries, ...line }));
        await insertRows('ledger_entries', lines).execute(tx);
        noted = (await tx.selectFrom('ledger_late_entries').select('entry_id').execute()).length;
      });
      expect(done).toBe('kept');
      return noted;
    };
    expect(await notedWhile('2020-01-02T00:00:00Z')).toBe(0);
    expect(await notedWhile('2100-01-01T00:00:00Z')).toBe(2);
  });

  const counted = Object.keys(COUNTED).map((table) => `${table}_counted`);
  trigger(counted, 'whatever is written into the catalogue is counted, by whatever way', async () => {
    const grownBy = async (way: RawBuilder<unknown>): Promise<number> => {
      let grown = 0;
      const done = await refusalOf(async (tx) => {
        const before = await versionIn(tx);
        await way.execute(tx);
        grown = (await versionIn(tx)) - before;
      });
      expect(done).toBe('kept');
      return grown;
    };
    for (const [table, column] of Object.entries(COUNTED)) {
      const of = sql.table(`kassa.${table}`);
      const name = sql.ref(column);
      expect(await grownBy(sql`insert into ${of} select * from ${of} where false`), table).toBe(1);
      expect(await grownBy(sql`update ${of} set ${name} = ${name} where false`), table).toBe(1);
      expect(await grownBy(sql`delete from ${of} where false`), table).toBe(1);
    }
    expect(await grownBy(sql`truncate kassa.tax_rates`)).toBe(1);
  });

  test('every trigger of the schema is pulled above, and nothing is listed that is not there', async () => {
    const { rows } = await sql<{ name: string }>`
      select tgname as name from pg_trigger join pg_class on pg_class.oid = tgrelid
      where relnamespace = 'kassa'::regnamespace and not tgisinternal order by tgname`.execute(shop.db);
    expect([...tested].sort()).toEqual(rows.map(({ name }) => name).sort());
  });
});
