import type { Control } from './control.ts';

/** The mistakes that are made most often in code that takes payments. */
export const FIRST_TEN: readonly Control[] = [
  {
    name: 'N1',
    mistake: 'settle without the lock of the order',
    edits: [
      {
        file: 'domain/orders/orders-table.ts',
        from: ".where('id', '=', id).forUpdate().executeTakeFirst();",
        to: ".where('id', '=', id).executeTakeFirst();",
      },
      { file: 'domain/payments/attempts-table.ts', from: '    .forUpdate()\n', to: '' },
    ],
    ddl: [
      'alter table kassa.ledger_entries drop constraint ledger_entries_tenant_id_mode_cause_account_currency_key',
      'alter table kassa.audit_log drop constraint audit_log_one_per_version',
      'drop index kassa.outbox_messages_paid_once',
      'alter table kassa.outbox_messages drop constraint outbox_messages_order_id_topic_order_version_key',
    ],
    ends_at_constraint: true,
    mix: {
      grain: 'statement',
      nodes: 3,
      webhooks: 'sent',
      outages: [],
      rates: { http: 0, webhook: 0.6, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 },
      faults: ['webhook_repeated', 'webhook_cloned'],
    },
    purchases_max: 600,
    seed: 1_030,
  },
  {
    name: 'N2',
    mistake: 'an event is answered with 200 before it is stored',
    edits: [
      {
        file: 'inbox/receive.ts',
        from: 'const fresh = await store({',
        to: 'const fresh = true;\n  void ((event: Parameters<StoreEvent>[0]) => store(event).catch(() => undefined))({',
      },
    ],
    purchases_max: 1_000,
    seed: 1_010,
  },
  {
    name: 'N3',
    mistake: 'the mark that something was done is written apart from doing it, and before',
    edits: [
      {
        file: 'outbox/drain.ts',
        from: "if ((await send(deskFor(desk, delivery), delivery)) === 'unmarked') {",
        to: "await inTransaction(desk.db, (tx) => markDelivered(tx, delivery, desk.clock.now()));\n    if ((await send(desk, delivery)) === 'unmarked' && delivery.id === '') {",
      },
    ],
    purchases_max: 1_000,
    seed: 1_000,
  },
  {
    name: 'N4',
    mistake: 'every repeat of a call to Stripe carries a new key',
    edits: [
      { file: 'stripe/client.ts', from: 'const TIMEOUT_MS = 20_000;', to: 'const TIMEOUT_MS = 20_000;\nlet sent = 0;' },
      { file: 'stripe/client.ts', from: '{ idempotencyKey: key }', to: '{ idempotencyKey: `${key}:${(sent += 1)}` }' },
    ],
    purchases_max: 1_000,
    seed: 1_002,
  },
  {
    name: 'N5',
    mistake: 'a call with an unknown outcome is taken as failed',
    edits: [
      {
        file: 'flows/opening/open-attempt.ts',
        from: "const doubtful = error.kind === 'unknown' || sends > 1;",
        to: 'const doubtful = false;',
      },
      {
        file: 'flows/opening/give-up.ts',
        from: "if (failure.kind === 'unknown') throw new Bug('an unknown outcome is never treated as failed');",
        to: '',
      },
    ],
    purchases_max: 1_000,
    seed: 1_002,
  },
  {
    name: 'N6',
    mistake: 'an event about an order that is not known yet is dropped',
    edits: [
      {
        file: 'inbox/drain.ts',
        from: "if (settled.outcome === 'unknown' && isMarkedBy(house.shop, heard.report)) throw new NotYetKnown(event);",
        to: '',
      },
    ],
    // The answer is lost and Stripe goes away for longer than a session lives: its end is heard of first.
    mix: {
      webhooks: 'sent',
      outages: [{ what: 'stripe', from: 240_000, to: 4_200_000 }],
      rates: { http: 0.5, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 },
      faults: ['http_no_answer', 'http_500_with_effect'],
    },
    purchases_max: 1_000,
    seed: 1_026,
  },
  {
    name: 'N7',
    mistake: 'the inbox keeps an event twice',
    edits: [{ file: 'database/inbox/new-events-table.ts', from: '    on conflict (account, id) do nothing\n', to: '' }],
    ddl: ['alter table kassa.inbox_events drop constraint inbox_events_pkey'],
    mix: {
      webhooks: 'sent',
      outages: [],
      rates: { http: 0, webhook: 0.5, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 },
      faults: ['webhook_repeated', 'webhook_answer_lost'],
    },
    purchases_max: 1_000,
    seed: 1_000,
  },
  {
    name: 'N8',
    mistake: 'a session that is complete is taken as paid',
    edits: [
      {
        file: 'domain/payments/attempt.ts',
        from: "return report.status === 'complete' ? 'processing' : 'pending';",
        to: "return report.status === 'complete' ? 'paid' : 'pending';",
      },
    ],
    purchases_max: 500,
    seed: 1_002,
  },
  {
    name: 'N9',
    mistake: 'a payment that a bank still thinks about is taken as failed',
    edits: [
      {
        file: 'domain/payments/attempt.ts',
        from: "return report.status === 'complete' ? 'processing' : 'pending';",
        to: "return report.status === 'complete' ? 'failed' : 'pending';",
      },
    ],
    purchases_max: 500,
    seed: 1_002,
  },
  {
    name: 'N10',
    mistake: 'the last fact wins, however old it is',
    edits: [
      {
        file: 'domain/payments/attempt.ts',
        from: 'return RANK[left] >= RANK[right] ? left : right;',
        to: 'return right;',
      },
    ],
    ddl: ['alter table kassa.payment_transactions drop constraint payment_transactions_kept_is_paid'],
    // An answer to a status read that was on its way for long is older than the webhook that overtook it.
    mix: {
      webhooks: 'sent',
      outages: [],
      rates: { http: 0.5, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 },
      faults: ['http_slow'],
    },
    purchases_max: 1_000,
    seed: 1_009,
  },
];
