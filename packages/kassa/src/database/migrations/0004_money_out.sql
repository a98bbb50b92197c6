-- Refunds, disputes and the books.
create table kassa.refunds (
  id                uuid           primary key,
  tenant_id         uuid           not null references kassa.tenants,
  mode              kassa.mode     not null,
  order_id          uuid           not null references kassa.orders,
  attempt_id        uuid           not null references kassa.payment_transactions,
  amount_minor      kassa.minor    not null check (amount_minor > 0),
  currency          kassa.currency not null,
  reason            text           check (reason in ('duplicate', 'fraudulent', 'requested_by_customer')),
  -- Why Kassa made it: a person asked, the money was surplus, came too late, or the dashboard did it.
  cause             text           not null check (cause in ('requested', 'surplus', 'too_late', 'adopted')),
  status            text           not null check (status in ('requested', 'pending', 'succeeded', 'failed', 'canceled')),
  stripe_status     text           check (char_length(stripe_status) <= 40),
  stripe_refund_id  text           check (char_length(stripe_refund_id) <= 255),
  failure_reason    text           check (char_length(failure_reason) <= 200),
  restock           boolean        not null default false,
  lines             jsonb          not null default '[]' check (jsonb_typeof(lines) = 'array'),
  requested_by      text           not null check (char_length(requested_by) <= 200),
  created_at        timestamptz    not null,
  updated_at        timestamptz    not null,
  unique (tenant_id, mode, stripe_refund_id)
);
create index refunds_order on kassa.refunds (order_id);
create index refunds_attempt on kassa.refunds (attempt_id);

-- The sum that counts against a payment is kept on the payment itself, where a check can see it.
-- It is always the sum by refund, never a delta added to what was there.
create function kassa.sum_refunds() returns trigger language plpgsql as $$
begin
  update kassa.payment_transactions set refunding_minor = (
    select coalesce(sum(amount_minor), 0) from kassa.refunds
     where attempt_id = new.attempt_id and status in ('requested', 'pending', 'succeeded'))
   where id = new.attempt_id;
  return null;
end $$;
create trigger refunds_sum after insert or update of amount_minor, status on kassa.refunds
  for each row execute function kassa.sum_refunds();

create table kassa.disputes (
  id                 uuid           primary key,
  tenant_id          uuid           not null references kassa.tenants,
  mode               kassa.mode     not null,
  order_id           uuid           not null references kassa.orders,
  attempt_id         uuid           not null references kassa.payment_transactions,
  stripe_dispute_id  text           not null check (char_length(stripe_dispute_id) <= 255),
  amount_minor       kassa.minor    not null check (amount_minor >= 0),
  currency           kassa.currency not null,
  status             text           not null
                     check (status in ('warning_needs_response', 'warning_under_review', 'warning_closed',
                                       'needs_response', 'under_review', 'won', 'lost', 'prevented',
                                       'appeal_needs_response', 'appeal_under_review')),
  reason             text           check (char_length(reason) <= 100),
  funds_withdrawn    boolean        not null default false,
  due_at             timestamptz,
  created_at         timestamptz    not null,
  updated_at         timestamptz    not null,
  unique (tenant_id, mode, stripe_dispute_id)
);
create index disputes_order on kassa.disputes (order_id);

-- Double entry, one currency per posting line, signed: what an account receives is positive.
create table kassa.ledger_entries (
  id            uuid           primary key,
  tenant_id     uuid           not null references kassa.tenants,
  mode          kassa.mode     not null,
  posting_id    uuid           not null,
  order_id      uuid           references kassa.orders,
  account       text           not null
                check (account in ('stripe', 'revenue', 'tax', 'credits_liability', 'discounts', 'refunds', 'disputes',
                                   'fees', 'review')),
  currency      kassa.currency not null,
  amount_minor  kassa.minor    not null check (amount_minor <> 0),
  -- The fact that caused the posting, such as 'paid:<attempt>' or 'refund:<refund>:succeeded'. One fact posts once.
  cause         text           not null check (char_length(cause) between 1 and 200),
  created_at    timestamptz    not null,
  unique (tenant_id, mode, cause, account, currency)
);
create index ledger_entries_posting on kassa.ledger_entries (posting_id);
create index ledger_entries_order on kassa.ledger_entries (order_id);
create trigger ledger_append_only before update or delete on kassa.ledger_entries
  for each row execute function kassa.refuse_rewrite();

create function kassa.check_posting_sum() returns trigger language plpgsql as $$
begin
  if exists (select from kassa.ledger_entries where posting_id = new.posting_id
              group by currency having sum(amount_minor) <> 0) then
    raise exception 'posting % does not sum to zero', new.posting_id using errcode = 'check_violation',
      constraint = 'ledger_posting_sums_to_zero';
  end if;
  return null;
end $$;
create constraint trigger ledger_posting_sums_to_zero after insert on kassa.ledger_entries
  deferrable initially deferred for each row execute function kassa.check_posting_sum();
