-- What Postgres knows of a column's values is forgotten when its type changes, as 0031 did, and nothing would have it count
-- again soon: until then it may read a whole table for what a small index knows. In a file of its own, so that nobody is
-- kept out of the tables meanwhile. An empty table is left uncounted: a plan made for one that is known to be empty would
-- be kept while it fills.
do $$
declare counted regclass;
begin
  for counted in
    select oid::regclass from pg_class
    where relnamespace = 'kassa'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0 and relname in (
      'quotes', 'orders', 'order_lines', 'payment_transactions', 'stripe_operations', 'idempotency_keys', 'timers',
      'audit_log', 'stock', 'holds', 'inbox_events', 'ledger_entries', 'outbox_messages', 'deliveries', 'effects')
  loop
    execute format('analyze %s', counted);
  end loop;
end $$;
