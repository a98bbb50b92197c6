-- What is bought, at which price, and every try to collect the money.
create table kassa.customers (
  id                  uuid        primary key,
  tenant_id           uuid        not null references kassa.tenants,
  mode                kassa.mode  not null,
  -- 'buyer' rows belong to a signed-in user; 'chat' rows are the chat contract's own and are never merged by e-mail.
  namespace           text        not null check (namespace in ('buyer', 'chat')),
  user_id             text        not null check (char_length(user_id) between 1 and 255),
  email               text        check (char_length(email) <= 254),
  name                text        check (char_length(name) <= 200),
  stripe_customer_id  text        check (stripe_customer_id like 'cus\_%'),
  created_at          timestamptz not null,
  unique (tenant_id, mode, namespace, user_id),
  unique (tenant_id, mode, stripe_customer_id)
);

-- A priced basket. Immutable: what was shown is what is charged.
create table kassa.quotes (
  id              uuid           primary key,
  tenant_id       uuid           not null references kassa.tenants,
  mode            kassa.mode     not null,
  user_id         text           check (char_length(user_id) between 1 and 255),
  currency        kassa.currency not null,
  subtotal_minor  kassa.minor    not null check (subtotal_minor >= 0),
  discount_minor  kassa.minor    not null check (discount_minor >= 0),
  tax_minor       kassa.minor    not null check (tax_minor >= 0),
  credits_minor   kassa.minor    not null check (credits_minor >= 0),
  total_minor     kassa.minor    not null check (total_minor >= 0),
  coupon_code     text,
  lines           jsonb          not null check (jsonb_typeof(lines) = 'array'),
  hash            text           not null check (hash ~ '^[0-9a-f]{64}$'),
  expires_at      timestamptz    not null,
  created_at      timestamptz    not null,
  constraint quotes_add_up check (subtotal_minor - discount_minor + tax_minor - credits_minor = total_minor)
);
create trigger quotes_immutable before update or delete on kassa.quotes
  for each row execute function kassa.refuse_rewrite();

create table kassa.orders (
  id                  uuid           primary key,
  tenant_id           uuid           not null references kassa.tenants,
  mode                kassa.mode     not null,
  number              bigint         check (number > 0),
  contract            text           not null check (char_length(contract) between 1 and 40),
  quote_id            uuid           not null references kassa.quotes,
  customer_id         uuid           references kassa.customers,
  user_id             text           check (char_length(user_id) between 1 and 255),
  email               text           check (char_length(email) <= 254),
  locale              text           check (char_length(locale) <= 35),
  currency            kassa.currency not null,
  subtotal_minor      kassa.minor    not null check (subtotal_minor >= 0),
  discount_minor      kassa.minor    not null check (discount_minor >= 0),
  tax_minor           kassa.minor    not null check (tax_minor >= 0),
  credits_minor       kassa.minor    not null check (credits_minor >= 0),
  total_minor         kassa.minor    not null check (total_minor >= 0),
  lines_hash          text           not null check (lines_hash ~ '^[0-9a-f]{64}$'),
  status              text           not null
                      check (status in ('draft', 'pending', 'processing', 'paid', 'partially_refunded', 'refunded',
                                        'expired', 'canceled')),
  version             int            not null check (version >= 1),
  external_reference  text           check (char_length(external_reference) <= 500),
  parent_order_id     uuid           references kassa.orders,
  fields              jsonb          not null default '{}' check (jsonb_typeof(fields) = 'object'),
  stripe_checkout_session_id text    check (char_length(stripe_checkout_session_id) <= 255),
  review_reason       text           check (char_length(review_reason) <= 100),
  review_details      jsonb,
  review_opened_at    timestamptz,
  hold_expires_at     timestamptz    not null,
  paid_at             timestamptz,
  created_at          timestamptz    not null,
  updated_at          timestamptz    not null,
  unique (tenant_id, mode, number),
  unique (tenant_id, mode, stripe_checkout_session_id),
  constraint orders_add_up check (subtotal_minor - discount_minor + tax_minor - credits_minor = total_minor),
  constraint orders_review_has_time check ((review_reason is null) = (review_opened_at is null)),
  constraint orders_paid_has_time check (status not in ('paid', 'partially_refunded', 'refunded') or paid_at is not null)
);
create index orders_by_time on kassa.orders (tenant_id, mode, created_at desc, id desc);
create index orders_in_review on kassa.orders (review_opened_at) where review_reason is not null;

-- Only these moves exist; the same table stands in domain/orders/order.ts and a test compares the two.
create function kassa.check_order_move() returns trigger language plpgsql as $$
begin
  if old.status <> new.status and (old.status, new.status) not in (
    ('draft', 'pending'), ('draft', 'processing'), ('draft', 'paid'), ('draft', 'expired'), ('draft', 'canceled'),
    ('pending', 'processing'), ('pending', 'paid'), ('pending', 'expired'), ('pending', 'canceled'),
    ('processing', 'paid'), ('processing', 'expired'), ('processing', 'canceled'),
    ('expired', 'paid'), ('canceled', 'paid'),
    ('paid', 'partially_refunded'), ('paid', 'refunded'),
    ('partially_refunded', 'refunded'), ('partially_refunded', 'paid'),
    ('refunded', 'partially_refunded'), ('refunded', 'paid')
  ) then
    raise exception 'order % cannot go from % to %', old.id, old.status, new.status using errcode = 'check_violation',
      constraint = 'orders_legal_move';
  end if;
  if new.version < old.version then
    raise exception 'order % version cannot go back', old.id using errcode = 'check_violation',
      constraint = 'orders_version_grows';
  end if;
  return new;
end $$;
create trigger orders_legal_move before update on kassa.orders
  for each row execute function kassa.check_order_move();

create table kassa.order_lines (
  id              uuid        primary key,
  order_id        uuid        not null references kassa.orders,
  position        int         not null check (position between 0 and 999),
  parent_line_id  uuid        references kassa.order_lines,
  offer_id        uuid        not null references kassa.offers,
  offer_version   int         not null check (offer_version >= 1),
  name            text        not null check (char_length(name) between 1 and 250),
  description     text        check (char_length(description) <= 500),
  quantity        int         not null check (quantity between 1 and 999),
  unit_minor      kassa.minor not null check (unit_minor >= 0),
  subtotal_minor  kassa.minor not null check (subtotal_minor >= 0),
  discount_minor  kassa.minor not null check (discount_minor >= 0),
  tax_minor       kassa.minor not null check (tax_minor >= 0),
  total_minor     kassa.minor not null check (total_minor >= 0),
  unique (order_id, position),
  constraint order_lines_subtotal check (subtotal_minor = unit_minor * quantity),
  constraint order_lines_add_up check (subtotal_minor - discount_minor + tax_minor = total_minor)
);

-- The lines and the order must tell one sum, whichever of them was written last.
create function kassa.check_lines_sum() returns trigger language plpgsql as $$
declare wanted record; summed record; the_order uuid;
begin
  if tg_table_name = 'orders' then the_order := new.id;
  elsif tg_op = 'DELETE' then the_order := old.order_id;
  else the_order := new.order_id; end if;
  select subtotal_minor, discount_minor, tax_minor into wanted from kassa.orders where id = the_order;
  if not found then return null; end if;
  select coalesce(sum(subtotal_minor), 0) as subtotal, coalesce(sum(discount_minor), 0) as discount,
         coalesce(sum(tax_minor), 0) as tax into summed from kassa.order_lines where order_id = the_order;
  if (wanted.subtotal_minor, wanted.discount_minor, wanted.tax_minor) <> (summed.subtotal, summed.discount, summed.tax) then
    raise exception 'the lines of order % do not add up to it', the_order using errcode = 'check_violation',
      constraint = 'order_lines_sum_to_order';
  end if;
  return null;
end $$;
create constraint trigger order_lines_sum_to_order after insert or update or delete on kassa.order_lines
  deferrable initially deferred for each row execute function kassa.check_lines_sum();
create constraint trigger orders_sum_of_lines
  after insert or update of subtotal_minor, discount_minor, tax_minor on kassa.orders
  deferrable initially deferred for each row execute function kassa.check_lines_sum();

-- Attempts. The table and its columns amount, currency, metadata, session_id, payment_id, user_id, email, status,
-- payment_status carry the names that the hosted-checkout contract demands (H10, H11). Amounts are minor units.
create table kassa.payment_transactions (
  id               uuid           primary key,
  order_id         uuid           not null references kassa.orders,
  tenant_id        uuid           not null references kassa.tenants,
  mode             kassa.mode     not null,
  presentation     text           not null
                   check (presentation in ('hosted', 'embedded', 'elements', 'intent', 'link', 'none')),
  amount           kassa.minor    not null check (amount >= 0),
  currency         kassa.currency not null,
  metadata         jsonb          not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  session_id       text           check (char_length(session_id) between 1 and 255),
  payment_id       text           check (char_length(payment_id) between 1 and 255),
  user_id          text           check (char_length(user_id) between 1 and 255),
  email            text           check (char_length(email) <= 254),
  -- Stripe's word for the session or intent, as last heard.
  status           text           check (char_length(status) <= 40),
  payment_status   text           not null
                   check (payment_status in ('initiated', 'pending', 'processing', 'paid', 'no_payment_required',
                                             'failed', 'expired', 'canceled', 'superseded')),
  idempotency_key  text           not null unique check (char_length(idempotency_key) between 1 and 255),
  client_secret    text           check (char_length(client_secret) <= 500),
  url              text           check (char_length(url) <= 4096),
  success_url      text           check (char_length(success_url) <= 2048),
  cancel_url       text           check (char_length(cancel_url) <= 2048),
  received_minor   kassa.minor    not null default 0 check (received_minor >= 0),
  refunding_minor  kassa.minor    not null default 0 check (refunding_minor >= 0),
  -- The one payment that the order keeps; any other payment of the order is a surplus and goes back.
  kept             boolean        not null default false,
  declines         int            not null default 0 check (declines between 0 and 1000),
  heard_at         timestamptz,
  expires_at       timestamptz    not null,
  created_at       timestamptz    not null,
  updated_at       timestamptz    not null,
  unique (tenant_id, mode, session_id),
  unique (tenant_id, mode, payment_id),
  constraint payment_transactions_refunds_within_payment check (refunding_minor <= received_minor),
  constraint payment_transactions_kept_is_paid check (not kept or payment_status in ('paid', 'no_payment_required'))
);
create unique index payment_transactions_one_live on kassa.payment_transactions (order_id)
  where payment_status in ('initiated', 'pending', 'processing');
create unique index payment_transactions_one_kept on kassa.payment_transactions (order_id) where kept;
create index payment_transactions_live on kassa.payment_transactions (created_at)
  where payment_status in ('initiated', 'pending', 'processing');
create index payment_transactions_order on kassa.payment_transactions (order_id);
