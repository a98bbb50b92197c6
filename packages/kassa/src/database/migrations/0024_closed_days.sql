-- A report of all time reads a few sums per day instead of every entry of the books: days that are over are summed once.
-- Sums and entries can never differ, however late an entry is committed and whatever the clocks of processes say:
-- whatever is written into a day that is being closed is noted by the database itself, and read beside the sums.

-- First of all, because a sale has its attempt before it writes to the books, and neither may wait for the other.
-- A report counts the orders whose buyer tried and was refused; pages that nobody paid on are many times as many.
create index payment_transactions_tried on kassa.payment_transactions (order_id)
  where payment_status = 'failed' or declines > 0;

-- How far a shop's days are closed (docs/decisions/0012-sums-of-closed-days.md). `closing_before`: an entry of an earlier time that is
-- written from now on is noted as late. `summed_before`: every entry of an earlier time is in the sums, or noted.
create table kassa.ledger_closings (
  tenant_id       uuid         not null references kassa.tenants,
  mode            kassa.mode   not null,
  closing_before  timestamptz  not null,
  summed_before   timestamptz  not null default '-infinity',
  -- Counts the times that something was summed: sums of late entries stand beside those of their day.
  rounds          bigint       not null default 0 check (rounds >= 0),
  primary key (tenant_id, mode),
  constraint ledger_closings_by_whole_days check (
    extract(epoch from closing_before) % 86400 = 0
    and (summed_before = '-infinity' or extract(epoch from summed_before) % 86400 = 0)),
  constraint ledger_closings_summed_when_closing check (summed_before <= closing_before)
);

-- A day of Greenwich, so that it is the same whatever the shop's time zone is today: what a report cuts through is read
-- from the entries. `fact` is the word before the first colon of the cause.
create table kassa.ledger_days (
  tenant_id     uuid            not null references kassa.tenants,
  mode          kassa.mode      not null,
  day           timestamptz     not null check (extract(epoch from day) % 86400 = 0),
  account       text            not null check (char_length(account) between 1 and 40),
  currency      kassa.currency  not null,
  fact          text            not null check (char_length(fact) <= 200),
  round         bigint          not null check (round > 0),
  amount_minor  bigint          not null,
  entries       bigint          not null check (entries > 0),
  primary key (tenant_id, mode, day, account, currency, fact, round)
);

-- Entries that were written into a day after it began to be closed; none, as a rule. They refer to entries without a
-- foreign key, which would need the right to change the books.
create table kassa.ledger_late_entries (
  entry_id    uuid         primary key,
  tenant_id   uuid         not null,
  mode        kassa.mode   not null,
  created_at  timestamptz  not null
);
create index ledger_late_entries_by_time on kassa.ledger_late_entries (tenant_id, mode, created_at);

-- A query in here sees what was committed before it began, and by then the writer is known as such: whoever closes days
-- waits for every writer who may not have seen that.
create function kassa.note_late_entries() returns trigger language plpgsql as $$
begin
  insert into kassa.ledger_late_entries (entry_id, tenant_id, mode, created_at)
  select entry.id, entry.tenant_id, entry.mode, entry.created_at
  from written entry join kassa.ledger_closings closing using (tenant_id, mode)
  where entry.created_at < closing.closing_before;
  return null;
end $$;
create trigger ledger_entries_note_late after insert on kassa.ledger_entries
  referencing new table as written for each statement execute function kassa.note_late_entries();

-- The books of a shop from `since` (counted) to `until` (not counted), summed by account, currency and fact: whole days
-- that are closed from their sums, everything else from the entries. One snapshot, so nothing is missed or read twice.
create function kassa.ledger_sums(of_tenant uuid, of_mode text, since timestamptz, until timestamptz)
returns table (account text, currency text, fact text, amount_minor numeric, entries numeric) language sql stable as $$
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
  select account, currency::text, fact, sum(amount_minor), sum(entries) from parts group by account, currency, fact
$$;
