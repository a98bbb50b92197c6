-- A server without lz4 keeps a usual body beside its row instead of cutting it in pieces of two kilobytes in a table and an
-- index of their own: one insert instead of five. What is longer than a page is cut as before.
do $$ declare month regclass; begin
  if exists (select from pg_attribute
    where attrelid = 'kassa.inbox_bodies'::regclass and attname = 'body' and attstorage = 'e') then
    for month in select inhrelid::regclass from pg_inherits where inhparent = 'kassa.inbox_bodies'::regclass loop
      execute format('alter table %s set (toast_tuple_target = 8160)', month);
    end loop;
  end if;
end $$;
