-- Who holds a lease: a number that a process keeps locked on a session of its own. Postgres ends that session with its
-- process, so what was held by it is free at once. Null: held by one without such a session, until the lease runs out.
alter table kassa.inbox_events add column holder int;
alter table kassa.deliveries add column holder int;
alter table kassa.timers add column holder int;

-- The numbers that are locked in this database at this moment. The first half of the key is database/connection/presence.ts's.
create function kassa.present() returns int[] language sql volatile as $$
  select coalesce(array_agg(objid::bigint::int), '{}') from pg_locks
  where locktype = 'advisory' and classid::bigint = 4713150 and objsubid = 2 and granted
    and database = (select oid from pg_database where datname = current_database())
$$;
