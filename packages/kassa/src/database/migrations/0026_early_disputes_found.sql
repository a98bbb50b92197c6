-- Each round of comparing asks for the oldest of them; there are next to none. Building the index reads the table once
-- and keeps writers out meanwhile: seconds for a million orders.
create index payment_transactions_early on kassa.payment_transactions (tenant_id, mode, created_at)
  where cardinality(early_disputes) > 0;
