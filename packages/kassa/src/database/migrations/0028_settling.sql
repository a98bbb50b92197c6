-- A sale writes less beside its rows: an index that nobody reads is gone, books are summed once for all that a statement
-- posts, and a row that is written again stays on its page.

-- What an offer has set aside stands in its stock. With this index beside it, each hold that was sold or given back was
-- entered anew in every index of the table.
drop index kassa.holds_open;

-- One statement writes the whole of a posting, so it is judged when that statement ends, and by what it wrote: more
-- strictly than at the commit, and once instead of for each line. What was refused before is refused still.
drop trigger ledger_posting_sums_to_zero on kassa.ledger_entries;
create or replace function kassa.check_posting_sum() returns trigger language plpgsql as $$
declare unbalanced uuid;
begin
  select posting_id into unbalanced from written group by posting_id, currency having sum(amount_minor) <> 0 limit 1;
  if found then
    raise exception 'posting % does not sum to zero', unbalanced using errcode = 'check_violation',
      constraint = 'ledger_posting_sums_to_zero';
  end if;
  return null;
end $$;
create trigger ledger_posting_sums_to_zero after insert on kassa.ledger_entries
  referencing new table as written for each statement execute function kassa.check_posting_sum();
-- It was there for that check alone.
drop index kassa.ledger_entries_posting;

-- Claimed soon after they came, a page of events at a time: with as much room again beside them they stay on their page,
-- and none of their indexes is touched. The same for holds, which are all sold or given back one day.
alter table kassa.inbox_events set (fillfactor = 50);
alter table kassa.holds set (fillfactor = 50);
