-- Where a checkout was opened, as a sealed text that nobody can turn back into an address, and when it was last
-- declined: whoever tries cards is counted here, for all processes together and across restarts.
alter table kassa.payment_transactions
  add column opened_from      text        check (opened_from ~ '^[0-9a-f]{32}$'),
  add column last_declined_at timestamptz;
-- One question: how often was a card declined from here in the last hour?
create index payment_transactions_declined_from
  on kassa.payment_transactions (tenant_id, mode, opened_from, last_declined_at)
  where opened_from is not null and last_declined_at is not null;
