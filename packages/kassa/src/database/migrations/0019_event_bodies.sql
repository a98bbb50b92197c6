-- Bodies of events in months of their own: what is old goes by the month, at once, and not row by row. The events
-- themselves stay for ever, because their ids say what was told before.
create table if not exists kassa.inbox_bodies (
  account      text        not null,
  id           text        not null,
  received_at  timestamptz not null,
  body         text        not null check (octet_length(body) <= 1048576),
  -- Time comes first, so that a month grows at one end only.
  primary key (received_at, account, id)
) partition by range (received_at);

-- lz4 keeps a usual body inline; a server built without it stores the body plain. Months made later do the same.
do $$ begin
  if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals))
  then alter table kassa.inbox_bodies alter column body set compression lz4;
  else alter table kassa.inbox_bodies alter column body set storage external;
  end if;
end $$;

-- Whatever comes in a month that nobody has made yet: nothing is ever refused for want of a month.
create table if not exists kassa.inbox_bodies_rest partition of kassa.inbox_bodies default;

-- What came before stays beside its event until it is old, and so does what a month leaves behind that is not finished.
alter table kassa.inbox_events alter column body drop not null;
create index if not exists inbox_events_with_body on kassa.inbox_events (received_at) where body is not null;
