-- A key may open only so much in one day, counted as it opens; and a contract that takes amounts from its caller sells
-- them through an offer of its own, which no page shows and no other contract can name.
create table kassa.key_spending (
  key_id        uuid           not null references kassa.api_keys,
  -- Its first moment in Greenwich, so that a day is the same for every process.
  day           timestamptz    not null,
  currency      kassa.currency not null,
  amount_minor  kassa.minor    not null check (amount_minor > 0),
  primary key (key_id, day, currency)
);

alter table kassa.offers
  drop constraint offers_source_check,
  add constraint offers_source_check check (source in ('config', 'dashboard', 'contract'));
