-- The same rules, for less: a check of a table is read from its text and made ready anew by every statement that writes
-- to the table, and an update asks all of them. A checkout writes to eight tables that had 89, and nearly a quarter of
-- what Postgres did for a single one was that (measured). The rule of a domain is made ready once for a connection, and an
-- update asks it only of the columns that it sets. So each rule of one column, where events and checkouts come in crowds,
-- becomes that of a domain by its column's name, and refuses under the name that it had; rules of several columns stay
-- with their table. Amounts stand on the number itself, within the bounds of kassa.minor: a type of one's own with rules
-- in it would have each table written anew. As it is they are read once: some twelve seconds for 200,000 orders.

-- All at once and in the order of a sale, before anything is done that a wait for the last of them would undo.
lock table kassa.idempotency_keys, kassa.orders, kassa.payment_transactions, kassa.holds, kassa.stock, kassa.quotes,
  kassa.order_lines, kassa.stripe_operations, kassa.timers, kassa.audit_log, kassa.ledger_entries, kassa.effects,
  kassa.outbox_messages, kassa.deliveries, kassa.inbox_events in access exclusive mode;

-- A trigger that names a column keeps its type from being changed. Both come back below, as they were.
drop trigger orders_audited_update on kassa.orders;
drop trigger orders_sum_of_lines on kassa.orders;

do $$
declare
  rules constant text[] := array[
    ['quotes', 'user_id', 'text', 'char_length(value) between 1 and 255'],
    ['quotes', 'subtotal_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['quotes', 'discount_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['quotes', 'tax_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['quotes', 'credits_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['quotes', 'total_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['quotes', 'lines', 'jsonb', $r$jsonb_typeof(value) = 'array'$r$],
    ['quotes', 'hash', 'text', $r$char_length(value) = 64 and value ~ '^[0-9a-f]*$'$r$],

    ['orders', 'number', 'bigint', 'value > 0'],
    ['orders', 'contract', 'text', 'char_length(value) between 1 and 40'],
    ['orders', 'user_id', 'text', 'char_length(value) between 1 and 255'],
    ['orders', 'email', 'text', 'char_length(value) <= 254'],
    ['orders', 'locale', 'text', 'char_length(value) <= 35'],
    ['orders', 'subtotal_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['orders', 'discount_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['orders', 'tax_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['orders', 'credits_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['orders', 'total_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['orders', 'lines_hash', 'text', $r$char_length(value) = 64 and value ~ '^[0-9a-f]*$'$r$],
    ['orders', 'status', 'text', $r$value in ('draft', 'pending', 'processing', 'paid', 'partially_refunded', 'refunded',
      'expired', 'canceled')$r$],
    ['orders', 'version', 'int', 'value >= 1'],
    ['orders', 'external_reference', 'text', 'char_length(value) <= 500'],
    ['orders', 'fields', 'jsonb', $r$jsonb_typeof(value) = 'object'$r$],
    ['orders', 'stripe_checkout_session_id', 'text', 'char_length(value) <= 255'],
    ['orders', 'review_reason', 'text', 'char_length(value) <= 100'],

    ['order_lines', 'position', 'int', 'value between 0 and 999'],
    ['order_lines', 'offer_version', 'int', 'value >= 1'],
    ['order_lines', 'name', 'text', 'char_length(value) between 1 and 250'],
    ['order_lines', 'description', 'text', 'char_length(value) <= 500'],
    ['order_lines', 'quantity', 'int', 'value between 1 and 999'],
    ['order_lines', 'unit_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['order_lines', 'subtotal_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['order_lines', 'discount_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['order_lines', 'tax_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['order_lines', 'total_minor', 'bigint', 'value between 0 and 9007199254740991'],

    ['payment_transactions', 'presentation', 'text', $r$value in ('hosted', 'embedded', 'elements', 'intent', 'link',
      'none')$r$],
    ['payment_transactions', 'amount', 'bigint', 'value between 0 and 9007199254740991'],
    ['payment_transactions', 'metadata', 'jsonb', $r$jsonb_typeof(value) = 'object'$r$],
    ['payment_transactions', 'session_id', 'text', 'char_length(value) between 1 and 255'],
    ['payment_transactions', 'payment_id', 'text', 'char_length(value) between 1 and 255'],
    ['payment_transactions', 'user_id', 'text', 'char_length(value) between 1 and 255'],
    ['payment_transactions', 'email', 'text', 'char_length(value) <= 254'],
    ['payment_transactions', 'status', 'text', 'char_length(value) <= 40'],
    ['payment_transactions', 'payment_status', 'text', $r$value in ('initiated', 'pending', 'processing', 'paid',
      'no_payment_required', 'failed', 'expired', 'canceled', 'superseded')$r$],
    ['payment_transactions', 'idempotency_key', 'text', 'char_length(value) between 1 and 255'],
    ['payment_transactions', 'client_secret', 'text', 'char_length(value) <= 500'],
    ['payment_transactions', 'url', 'text', 'char_length(value) <= 4096'],
    ['payment_transactions', 'success_url', 'text', 'char_length(value) <= 2048'],
    ['payment_transactions', 'cancel_url', 'text', 'char_length(value) <= 2048'],
    ['payment_transactions', 'received_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['payment_transactions', 'refunding_minor', 'bigint', 'value between 0 and 9007199254740991'],
    ['payment_transactions', 'declines', 'int', 'value between 0 and 1000'],
    ['payment_transactions', 'opened_from', 'text', $r$char_length(value) = 32 and value ~ '^[0-9a-f]*$'$r$],

    ['stripe_operations', 'key', 'text', $r$value like 'kassa:%' and char_length(value) <= 255$r$],
    ['stripe_operations', 'action', 'text', 'char_length(value) between 1 and 40'],
    ['stripe_operations', 'path', 'text', $r$value like '/v1/%' and char_length(value) <= 500$r$],
    ['stripe_operations', 'body', 'text', 'octet_length(value) <= 262144'],
    ['stripe_operations', 'state', 'text', $r$value in ('intended', 'sent', 'known', 'unknown')$r$],
    ['stripe_operations', 'outcome', 'text', $r$value in ('done', 'refused', 'abandoned')$r$],
    ['stripe_operations', 'sends', 'int', 'value between 0 and 1000'],
    ['stripe_operations', 'stripe_object_id', 'text', 'char_length(value) <= 255'],
    ['stripe_operations', 'last_error', 'text', 'char_length(value) <= 2000'],

    ['idempotency_keys', 'scope', 'text', 'char_length(value) between 1 and 400'],
    ['idempotency_keys', 'key', 'text', 'char_length(value) between 1 and 255'],
    ['idempotency_keys', 'request_hash', 'text', $r$char_length(value) = 64 and value ~ '^[0-9a-f]*$'$r$],
    ['idempotency_keys', 'recovery_point', 'text', $r$value in ('started', 'drafted', 'finished')$r$],
    ['idempotency_keys', 'status', 'int', 'value between 200 and 499'],
    ['idempotency_keys', 'body', 'text', 'octet_length(value) <= 262144'],

    ['timers', 'kind', 'text', 'char_length(value) between 1 and 60'],
    ['timers', 'payload', 'jsonb', $r$jsonb_typeof(value) = 'object'$r$],
    ['timers', 'attempts', 'int', 'value between 0 and 1000'],
    ['timers', 'claims', 'bigint', 'value >= 0'],
    ['timers', 'last_error', 'text', 'char_length(value) <= 2000'],

    ['audit_log', 'order_version', 'int', 'value >= 1'],
    ['audit_log', 'action', 'text', 'char_length(value) between 1 and 100'],
    ['audit_log', 'cause', 'text', 'char_length(value) between 1 and 300'],
    ['audit_log', 'actor', 'text', 'char_length(value) between 1 and 200'],
    ['audit_log', 'details', 'jsonb', $r$jsonb_typeof(value) = 'object'$r$],

    ['stock', 'capacity', 'int', 'value >= 0'],
    ['stock', 'held', 'int', 'value >= 0'],
    ['stock', 'sold', 'int', 'value >= 0'],

    ['holds', 'quantity', 'int', 'value between 1 and 999'],
    ['holds', 'state', 'text', $r$value in ('held', 'sold', 'released')$r$],

    ['inbox_events', 'account', 'text', 'char_length(value) between 1 and 255'],
    ['inbox_events', 'id', 'text', $r$value like 'evt\_%' and char_length(value) <= 255$r$],
    ['inbox_events', 'type', 'text', 'char_length(value) between 1 and 100'],
    ['inbox_events', 'object_id', 'text', 'char_length(value) <= 255'],
    ['inbox_events', 'api_version', 'text', 'char_length(value) <= 40'],
    ['inbox_events', 'attempts', 'int', 'value between 0 and 25'],
    ['inbox_events', 'claims', 'bigint', 'value >= 0'],
    ['inbox_events', 'last_error', 'text', 'char_length(value) <= 2000'],
    ['inbox_events', 'outcome', 'text', $r$value in ('applied', 'unchanged', 'ignored')$r$],

    ['ledger_entries', 'account', 'text', $r$value in ('stripe', 'revenue', 'tax', 'credits_liability', 'discounts',
      'refunds', 'disputes', 'fees', 'review', 'elsewhere')$r$],
    ['ledger_entries', 'amount_minor', 'bigint', 'value <> 0 and value between -9007199254740991 and 9007199254740991'],
    ['ledger_entries', 'cause', 'text', 'char_length(value) between 1 and 200'],

    ['outbox_messages', 'topic', 'text', $r$value ~ '^[a-z_]+\.[a-z_]+$' and char_length(value) <= 100$r$],
    ['outbox_messages', 'order_version', 'int', 'value >= 1'],
    ['outbox_messages', 'payload', 'jsonb', $r$jsonb_typeof(value) = 'object'$r$],

    ['deliveries', 'destination', 'text', 'char_length(value) between 1 and 200'],
    ['deliveries', 'attempts', 'int', 'value between 0 and 100'],
    ['deliveries', 'claims', 'bigint', 'value >= 0'],
    ['deliveries', 'last_error', 'text', 'char_length(value) <= 2000'],

    ['effects', 'topic', 'text', 'char_length(value) between 1 and 100'],
    ['effects', 'name', 'text', 'char_length(value) between 1 and 200']
  ];
  rule text[];
  changes jsonb := '{}';
  of_table text;
  made text;
begin
  foreach rule slice 1 in array rules loop
    execute format('create domain kassa.%1$s_%2$s as %3$s', rule[1], rule[2], rule[3]);
    made := format('drop constraint %1$s_%2$s_check, alter %2$I type kassa.%1$s_%2$s', rule[1], rule[2]);
    changes := changes || jsonb_build_object(rule[1], concat_ws(', ', changes ->> rule[1], made));
  end loop;
  -- All of a table at once, so that its other rules and its indexes are looked at once. A type without rules leaves the
  -- table as it lies; with rules it would be written anew, so they come behind.
  for of_table, made in select * from jsonb_each_text(changes) loop
    execute format('alter table kassa.%I %s', of_table, made);
  end loop;
  foreach rule slice 1 in array rules loop
    execute format('alter domain kassa.%1$s_%2$s add constraint %1$s_%2$s_check check (%3$s)', rule[1], rule[2], rule[4]);
  end loop;
end $$;

create constraint trigger orders_audited_update after update on kassa.orders
  deferrable initially deferred for each row
  when (old.status is distinct from new.status or old.version is distinct from new.version)
  execute function kassa.check_order_audited();
create constraint trigger orders_sum_of_lines
  after insert or update of subtotal_minor, discount_minor, tax_minor on kassa.orders
  deferrable initially deferred for each row execute function kassa.check_lines_sum();
