-- What is set aside while a buyer pays: stock, slots, coupon uses, credits.
create table kassa.stock (
  offer_id  uuid primary key references kassa.offers,
  capacity  int  not null check (capacity >= 0),
  held      int  not null default 0 check (held >= 0),
  sold      int  not null default 0 check (sold >= 0),
  constraint stock_never_oversold check (held + sold <= capacity)
);

create table kassa.holds (
  id             uuid        primary key,
  order_id       uuid        not null references kassa.orders,
  order_line_id  uuid        not null unique references kassa.order_lines,
  offer_id       uuid        not null references kassa.offers,
  quantity       int         not null check (quantity between 1 and 999),
  state          text        not null check (state in ('held', 'sold', 'released')),
  expires_at     timestamptz not null,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);
create index holds_order on kassa.holds (order_id);
create index holds_open on kassa.holds (offer_id) where state = 'held';

create table kassa.appointments (
  id               uuid        primary key,
  tenant_id        uuid        not null references kassa.tenants,
  mode             kassa.mode  not null,
  order_line_id    uuid        not null unique references kassa.order_lines,
  practitioner_id  uuid        not null references kassa.practitioners,
  offer_id         uuid        not null references kassa.offers,
  during           tstzrange   not null,
  -- The slot with its buffer: what another appointment must not touch.
  blocked          tstzrange   not null,
  state            text        not null check (state in ('held', 'confirmed', 'released', 'canceled', 'completed', 'no_show')),
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  constraint appointments_range check (
    not isempty(during) and lower_inc(during) and not upper_inc(during) and blocked @> during),
  constraint appointments_never_overlap exclude using gist (practitioner_id with =, blocked with &&)
    where (state in ('held', 'confirmed'))
);

-- A coupon use takes a place: the n-th use of this buyer, so that a unique index enforces the per-buyer limit.
create table kassa.coupon_uses (
  id             uuid        primary key,
  coupon_id      uuid        not null references kassa.coupons,
  order_id       uuid        not null unique references kassa.orders,
  buyer          text        not null check (char_length(buyer) between 1 and 255),
  ordinal        int         not null check (ordinal >= 1),
  per_buyer_max  int,
  state          text        not null check (state in ('held', 'used', 'released')),
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  constraint coupon_uses_within_buyer_limit check (per_buyer_max is null or ordinal <= per_buyer_max)
);
create unique index coupon_uses_place on kassa.coupon_uses (coupon_id, buyer, ordinal) where state <> 'released';

create table kassa.credit_lots (
  id              uuid           primary key,
  tenant_id       uuid           not null references kassa.tenants,
  mode            kassa.mode     not null,
  customer_id     uuid           not null references kassa.customers,
  unit_currency   kassa.currency,
  unit_offer_id   uuid           references kassa.offers,
  granted         kassa.minor    not null check (granted > 0),
  held            kassa.minor    not null default 0 check (held >= 0),
  spent           kassa.minor    not null default 0 check (spent >= 0),
  lapsed          kassa.minor    not null default 0 check (lapsed >= 0),
  source          text           not null check (source in ('bundle', 'refund', 'goodwill', 'import')),
  order_line_id   uuid           references kassa.order_lines,
  expires_at      timestamptz,
  created_at      timestamptz    not null,
  constraint credit_lots_one_unit check ((unit_currency is null) <> (unit_offer_id is null)),
  constraint credit_lots_never_negative check (held + spent + lapsed <= granted)
);
create index credit_lots_customer on kassa.credit_lots (customer_id, expires_at);
create unique index credit_lots_grant_once on kassa.credit_lots (order_line_id, unit_currency, unit_offer_id)
  nulls not distinct where order_line_id is not null and source = 'bundle';

create table kassa.credit_entries (
  id          uuid        primary key,
  lot_id      uuid        not null references kassa.credit_lots,
  kind        text        not null check (kind in ('grant', 'hold', 'capture', 'release', 'expire', 'refund')),
  amount      kassa.minor not null check (amount > 0),
  order_id    uuid        references kassa.orders,
  -- A capture or release names the hold that it ends.
  hold_id     uuid        references kassa.credit_entries,
  created_at  timestamptz not null,
  constraint credit_entries_end_names_hold check ((kind in ('capture', 'release')) = (hold_id is not null))
);
create unique index credit_entries_hold_ends_once on kassa.credit_entries (hold_id) where hold_id is not null;
create index credit_entries_lot on kassa.credit_entries (lot_id);
create index credit_entries_order on kassa.credit_entries (order_id);
create trigger credit_entries_append_only before update or delete on kassa.credit_entries
  for each row execute function kassa.refuse_rewrite();
