-- What a person looks for among millions of orders is found by an index, and the dead rows of queues are swept before
-- they are many. Building these indexes keeps writers out meanwhile: seconds for a million orders.
create extension if not exists pg_trgm;

-- A part of an address. Orders get their addresses when they are filled or paid.
create index if not exists orders_by_email on kassa.orders using gin (email gin_trgm_ops) where email is not null;

-- Each state is a list of its own. Paid orders are so many that every page of all orders holds some.
create index if not exists orders_by_status on kassa.orders (tenant_id, mode, status, created_at desc, id desc)
  where status <> 'paid';

-- A report asks which orders ended unpaid in its period.
create index if not exists orders_ended_unpaid on kassa.orders (tenant_id, mode, updated_at)
  where status in ('expired', 'canceled');

-- A fifth of a table dead, as Postgres waits for by itself, is six million rows of thirty.
alter table kassa.inbox_events set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table kassa.deliveries set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table kassa.orders set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table kassa.payment_transactions
  set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table kassa.holds set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- These stay small, and every row of them is written again and again: room beside each row keeps its versions in place.
alter table kassa.timers set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
alter table kassa.stock
  set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table kassa.counters
  set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
