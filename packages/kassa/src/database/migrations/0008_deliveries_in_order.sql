-- Some messages must arrive one after the other: a buyer is told that the order is confirmed before tickets go out.
-- A delivery that names a sibling waits until that one is delivered or parked; then the name is taken away and it is
-- due. So whoever asks what is due never looks at those that wait, however many they are.
alter table kassa.deliveries
  add column waits_for text,
  add constraint deliveries_waits_for_another check (waits_for <> destination),
  add constraint deliveries_waiting_is_unfinished
    check (waits_for is null or (delivered_at is null and parked_at is null)),
  add constraint deliveries_waits_for_a_sibling foreign key (message_id, waits_for)
    references kassa.deliveries (message_id, destination);
drop index kassa.deliveries_due;
create index deliveries_due on kassa.deliveries (due_at, id)
  where delivered_at is null and parked_at is null and waits_for is null;
create index deliveries_waiting on kassa.deliveries (message_id, waits_for) where waits_for is not null;
