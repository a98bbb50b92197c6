-- What can be sold and for how much. Rows with source 'config' mirror kassa.config.ts and are rewritten at start.
create table kassa.offers (
  id             uuid        primary key,
  tenant_id      uuid        not null references kassa.tenants,
  mode           kassa.mode  not null,
  key            text        not null check (char_length(key) between 1 and 64),
  external_id    text        not null check (char_length(external_id) between 1 and 100),
  kind           text        not null
                 check (kind in ('item', 'ticket', 'appointment', 'bundle', 'package', 'plan', 'custom_amount')),
  name           text        not null check (char_length(name) between 1 and 250),
  description    text        check (char_length(description) <= 500),
  max_per_order  int         not null check (max_per_order between 1 and 999),
  hold_ms        bigint      not null check (hold_ms between 60000 and 86400000),
  -- When a ticket-order sets stock aside: as the session opens, or as the buyer's details are stored.
  hold_at        text        not null check (hold_at in ('session', 'pending')),
  when_late      text        not null check (when_late in ('rehold-or-refund', 'refund', 'review')),
  tax_class      text        check (char_length(tax_class) <= 40),
  starts_at      timestamptz,
  time_zone      text        check (char_length(time_zone) <= 64),
  duration_ms    bigint      check (duration_ms between 60000 and 604800000),
  buffer_ms      bigint      not null default 0 check (buffer_ms between 0 and 86400000),
  source         text        not null check (source in ('config', 'dashboard')),
  active         boolean     not null,
  version        int         not null check (version >= 1),
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  unique (tenant_id, mode, key),
  unique (tenant_id, mode, external_id),
  constraint offers_appointment_has_duration check (kind <> 'appointment' or duration_ms is not null)
);

-- One price per currency. A custom amount has bounds instead of a price.
create table kassa.prices (
  id               uuid           primary key,
  offer_id         uuid           not null references kassa.offers,
  tenant_id        uuid           not null references kassa.tenants,
  mode             kassa.mode     not null,
  currency         kassa.currency not null,
  unit_minor       kassa.minor    check (unit_minor >= 0),
  minimum_minor    kassa.minor    check (minimum_minor > 0),
  maximum_minor    kassa.minor,
  stripe_price_id  text           check (char_length(stripe_price_id) between 1 and 255),
  unique (offer_id, currency),
  unique (tenant_id, mode, stripe_price_id),
  constraint prices_fixed_or_bounded check (
    (unit_minor is not null and minimum_minor is null and maximum_minor is null)
    or (unit_minor is null and minimum_minor is not null and maximum_minor >= minimum_minor))
);

-- The children of a package.
create table kassa.offer_children (
  parent_id   uuid    not null references kassa.offers,
  child_id    uuid    not null references kassa.offers,
  quantity    int     not null check (quantity between 1 and 99),
  required    boolean not null,
  selected    boolean not null,
  primary key (parent_id, child_id),
  constraint offer_children_not_itself check (parent_id <> child_id)
);

-- What a bundle grants: money in a currency, or so many of an offer.
create table kassa.offer_grants (
  id               uuid           primary key,
  offer_id         uuid           not null references kassa.offers,
  unit_currency    kassa.currency,
  unit_offer_id    uuid           references kassa.offers,
  amount           kassa.minor    not null check (amount > 0),
  expires_after_ms bigint         check (expires_after_ms > 0),
  constraint offer_grants_one_unit check ((unit_currency is null) <> (unit_offer_id is null)),
  unique nulls not distinct (offer_id, unit_currency, unit_offer_id)
);

create table kassa.practitioners (
  id           uuid       primary key,
  tenant_id    uuid       not null references kassa.tenants,
  mode         kassa.mode not null,
  external_id  text       not null check (char_length(external_id) between 1 and 100),
  name         text       not null check (char_length(name) between 1 and 200),
  unique (tenant_id, mode, external_id)
);

create table kassa.offer_practitioners (
  offer_id         uuid not null references kassa.offers,
  practitioner_id  uuid not null references kassa.practitioners,
  primary key (offer_id, practitioner_id)
);

create table kassa.tax_rates (
  tenant_id  uuid       not null references kassa.tenants,
  mode       kassa.mode not null,
  tax_class  text       not null check (char_length(tax_class) between 1 and 40),
  -- Thousandths of a percent: 8.75 % is 8750. Integers, because rates multiply money.
  rate_milli int        not null check (rate_milli between 0 and 100000),
  primary key (tenant_id, mode, tax_class)
);

create table kassa.coupons (
  id              uuid           primary key,
  tenant_id       uuid           not null references kassa.tenants,
  mode            kassa.mode     not null,
  code            text           not null check (code ~ '^[A-Z0-9-]{1,64}$'),
  percent_milli   int            check (percent_milli between 1 and 100000),
  amount_minor    kassa.minor    check (amount_minor > 0),
  currency        kassa.currency,
  starts_at       timestamptz,
  ends_at         timestamptz,
  uses            int            not null default 0 check (uses >= 0),
  uses_max        int            check (uses_max > 0),
  per_buyer_max   int            check (per_buyer_max > 0),
  active          boolean        not null,
  source          text           not null check (source in ('config', 'dashboard')),
  unique (tenant_id, mode, code),
  constraint coupons_percent_or_amount check ((percent_milli is null) <> (amount_minor is null)),
  constraint coupons_amount_has_currency check ((amount_minor is null) = (currency is null)),
  constraint coupons_window check (ends_at is null or starts_at is null or ends_at > starts_at),
  constraint coupons_uses_within_limit check (uses_max is null or uses <= uses_max)
);

create table kassa.coupon_offers (
  coupon_id  uuid not null references kassa.coupons,
  offer_id   uuid not null references kassa.offers,
  primary key (coupon_id, offer_id)
);
