-- Payments without a page, the customers behind them at Stripe, and refunds that a caller asked for.
alter table kassa.payment_transactions
  -- The buyer wants to pay with the same method again.
  add column save_payment_method boolean not null default false,
  -- What banks refused, by Stripe's own ids: hearing of a refusal twice counts once.
  add column declined text[] not null default '{}',
  add constraint payment_transactions_declines_counted check (declines = cardinality(declined));

-- A customer is made at Stripe with a stored key as well, before there is any order.
alter table kassa.stripe_operations
  alter column order_id drop not null,
  add column customer_id uuid references kassa.customers,
  add constraint stripe_operations_one_subject check ((order_id is null) <> (customer_id is null));
-- A try that was refused is followed by another one under a key of its own; the last one tells whether one is at work.
create index stripe_operations_attempt on kassa.stripe_operations (attempt_id, action) where attempt_id is not null;
create index stripe_operations_customer on kassa.stripe_operations (customer_id, action) where customer_id is not null;

-- A caller's key may stand for a refund; a request that was cut off goes on with that one.
alter table kassa.idempotency_keys add column refund_id uuid references kassa.refunds;
