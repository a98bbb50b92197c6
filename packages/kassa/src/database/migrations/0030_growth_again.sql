-- A report of ten minutes was planned anew each time it was asked among many entries, which took longer than reading it:
-- a range of times looks costly to Postgres until it knows both ends. The ways are always the same, by time and by day,
-- so they are planned once for a connection, whatever is asked. Sums are few, by account, currency and fact: to sort
-- entries by these three texts first took longer than to read them. What is summed is what 0024 says, word by word.
create or replace function kassa.ledger_sums(of_tenant uuid, of_mode text, since timestamptz, until timestamptz)
returns table (account text, currency text, fact text, amount_minor numeric, entries numeric)
language plpgsql stable rows 20 set plan_cache_mode = force_generic_plan set enable_sort = off as $$
#variable_conflict use_column
begin
  return query
  with whole as (
    select case date_trunc('day', since, 'UTC') when since then since
        else date_trunc('day', since, 'UTC') + interval '24 hours' end as days_from,
      coalesce((select summed_before from kassa.ledger_closings
        where tenant_id = of_tenant and mode = of_mode), '-infinity') as summed_before
  ), span as (
    select days_from, greatest(days_from, least(summed_before, date_trunc('day', until, 'UTC'))) as days_to from whole
  ), parts as (
    select day.account, day.currency, day.fact, day.amount_minor, day.entries
    from span, kassa.ledger_days day
    where day.tenant_id = of_tenant and day.mode = of_mode and day.day >= span.days_from and day.day < span.days_to
    union all
    select entry.account, entry.currency, split_part(entry.cause, ':', 1), entry.amount_minor, 1
    from span, kassa.ledger_entries entry
    where entry.tenant_id = of_tenant and entry.mode = of_mode
      and entry.created_at >= since and entry.created_at < least(span.days_from, until)
    union all
    select entry.account, entry.currency, split_part(entry.cause, ':', 1), entry.amount_minor, 1
    from span, kassa.ledger_entries entry
    where entry.tenant_id = of_tenant and entry.mode = of_mode
      and entry.created_at >= span.days_to and entry.created_at < until
    union all
    select entry.account, entry.currency, split_part(entry.cause, ':', 1), entry.amount_minor, 1
    from span, kassa.ledger_late_entries late join kassa.ledger_entries entry on entry.id = late.entry_id
    where late.tenant_id = of_tenant and late.mode = of_mode
      and late.created_at >= span.days_from and late.created_at < span.days_to
  )
  select account, currency::text, fact, sum(amount_minor), sum(entries) from parts group by account, currency, fact;
end $$;

-- Nobody asks which writes to Stripe are open: each is found by its order, its attempt or its key. With this index beside
-- it, each write whose answer came was entered anew in all of them. It is answered once, soon after it was written; with as
-- much room beside it, it stays on its page (half of the log and a third of the indexes less, a tenth more of the table).
drop index if exists kassa.stripe_operations_open;
alter table kassa.stripe_operations set (fillfactor = 50);
