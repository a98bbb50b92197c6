-- Prices are remembered by every process, and a sale is written only while the version that it was priced by is current.
create table kassa.catalogue_version (
  -- One row, or none while nothing was ever written.
  only_row  boolean primary key default true check (only_row),
  version   bigint  not null check (version >= 0)
);

-- Whoever writes the catalogue, by whatever way, is noticed. Writers take turns at this row; buyers only read it.
create function kassa.count_catalogue() returns trigger language plpgsql as $$
begin
  insert into kassa.catalogue_version as current (version) values (1)
  on conflict (only_row) do update set version = current.version + 1;
  return null;
end $$;

create trigger offers_counted after insert or update or delete or truncate on kassa.offers
  for each statement execute function kassa.count_catalogue();
create trigger prices_counted after insert or update or delete or truncate on kassa.prices
  for each statement execute function kassa.count_catalogue();
create trigger offer_children_counted after insert or update or delete or truncate on kassa.offer_children
  for each statement execute function kassa.count_catalogue();
create trigger offer_grants_counted after insert or update or delete or truncate on kassa.offer_grants
  for each statement execute function kassa.count_catalogue();
create trigger practitioners_counted after insert or update or delete or truncate on kassa.practitioners
  for each statement execute function kassa.count_catalogue();
create trigger offer_practitioners_counted after insert or update or delete or truncate on kassa.offer_practitioners
  for each statement execute function kassa.count_catalogue();
create trigger tax_rates_counted after insert or update or delete or truncate on kassa.tax_rates
  for each statement execute function kassa.count_catalogue();
