-- What goes back line by line, what a bank asks back, and books that whoever serves the shop can only add to.

-- A refund may return credits beside money, or credits alone; how much of it was tax is known when it is asked for.
alter table kassa.refunds
  drop constraint refunds_amount_minor_check,
  add constraint refunds_amount_minor_check check (amount_minor >= 0),
  add column credits_minor kassa.minor not null default 0 check (credits_minor >= 0),
  add column tax_minor kassa.minor not null default 0 check (tax_minor >= 0),
  -- Set when the credits have gone back to their lots, in the transaction that says so.
  add column credits_returned_at timestamptz,
  drop column lines,
  add constraint refunds_return_something check (amount_minor + credits_minor > 0),
  add constraint refunds_tax_within check (tax_minor <= amount_minor + credits_minor);

-- Which lines a refund is for. A refund of an amount has none.
create table kassa.refund_lines (
  refund_id      uuid        not null references kassa.refunds,
  order_line_id  uuid        not null references kassa.order_lines,
  quantity       int         not null check (quantity between 1 and 999),
  -- What goes back by card, as credits of money, and in pieces of the offer.
  amount_minor   kassa.minor not null check (amount_minor >= 0),
  credits_minor  kassa.minor not null check (credits_minor >= 0),
  credit_units   int         not null check (credit_units >= 0),
  tax_minor      kassa.minor not null check (tax_minor >= 0),
  primary key (refund_id, order_line_id),
  constraint refund_lines_units_within check (credit_units <= quantity)
);
create index refund_lines_line on kassa.refund_lines (order_line_id);

-- Nobody gets more pieces back than they bought. The line is locked, so that two at once are counted one by one.
create function kassa.check_refund_lines() returns trigger language plpgsql as $$
declare sold int; back int;
begin
  select quantity into sold from kassa.order_lines where id = new.order_line_id for update;
  select coalesce(sum(line.quantity), 0) into back
    from kassa.refund_lines line join kassa.refunds refund on refund.id = line.refund_id
   where line.order_line_id = new.order_line_id and refund.status in ('requested', 'pending', 'succeeded');
  if back > sold then
    raise exception 'line % was sold % times and would be refunded % times', new.order_line_id, sold, back
      using errcode = 'check_violation', constraint = 'refund_lines_within_sold';
  end if;
  return null;
end $$;
create trigger refund_lines_within_sold after insert on kassa.refund_lines
  for each row execute function kassa.check_refund_lines();

-- A dispute by its facts: how often its money has moved, and how much of it is away now.
alter table kassa.disputes
  drop column funds_withdrawn,
  add column movements int not null default 0 check (movements between 0 and 1000),
  add column withdrawn_minor kassa.minor not null default 0 check (withdrawn_minor >= 0),
  -- What Stripe took for handling it, and keeps.
  add column fee_minor kassa.minor not null default 0 check (fee_minor >= 0),
  add column opened_at timestamptz,
  add column closed_at timestamptz;
create index disputes_attempt on kassa.disputes (attempt_id);

-- A bank says that a payment looks like fraud, before anybody disputes it (radar.early_fraud_warning).
create table kassa.fraud_warnings (
  id                 uuid        primary key,
  tenant_id          uuid        not null references kassa.tenants,
  mode               kassa.mode  not null,
  order_id           uuid        not null references kassa.orders,
  attempt_id         uuid        not null references kassa.payment_transactions,
  stripe_warning_id  text        not null check (char_length(stripe_warning_id) <= 255),
  fraud_type         text        not null check (char_length(fraud_type) <= 100),
  created_at         timestamptz not null,
  unique (tenant_id, mode, stripe_warning_id)
);
create index fraud_warnings_order on kassa.fraud_warnings (order_id);

-- What an order has not done yet waits while its money is disputed, and so do the credits that it gave.
alter table kassa.deliveries add column frozen_at timestamptz;
create index deliveries_frozen on kassa.deliveries (message_id) where frozen_at is not null;
alter table kassa.credit_lots add column frozen_at timestamptz;

-- A workflow is something given away as well.
create or replace function kassa.check_effect_is_paid() returns trigger language plpgsql as $$
begin
  if new.topic in ('order.paid', 'appointment.confirmed') and not exists (
    select from kassa.orders where id = new.order_id and status in ('paid', 'partially_refunded', 'refunded')) then
    raise exception 'order % is not paid: % refused', new.order_id, new.name using errcode = 'check_violation',
      constraint = 'effects_only_when_paid';
  end if;
  return new;
end $$;

-- The books are read and added to. The right to rewrite them is taken from the role that owns them, too; a superuser
-- passes every grant, and meets the triggers.
create trigger ledger_never_emptied before truncate on kassa.ledger_entries
  for each statement execute function kassa.refuse_rewrite();
revoke update, delete, truncate on kassa.ledger_entries from public, current_user;
create index ledger_entries_by_time on kassa.ledger_entries (tenant_id, mode, created_at, id);
