-- A shop stays for ever, so what is written in crowds asks once for each statement, and not for each row, whether it is
-- there. Foreign keys locked its one row half of all times that a sale asks for another row, five of ten.

create trigger tenants_stay before delete or update of id on kassa.tenants
  for each row execute function kassa.refuse_rewrite();
create trigger tenants_never_emptied before truncate on kassa.tenants
  for each statement execute function kassa.refuse_rewrite();

-- Refuses under the name that the foreign key had.
create function kassa.check_tenants() returns trigger language plpgsql as $$
declare stranger uuid;
begin
  select tenant_id into stranger from written
    where not exists (select from kassa.tenants where id = written.tenant_id) limit 1;
  if found then
    raise exception 'there is no shop % for a row of %', stranger, tg_table_name using errcode = 'foreign_key_violation',
      schema = tg_table_schema, table = tg_table_name, constraint = tg_table_name || '_tenant_id_fkey';
  end if;
  return null;
end $$;

alter table kassa.ledger_entries drop constraint ledger_entries_tenant_id_fkey;
create trigger ledger_entries_of_tenant after insert on kassa.ledger_entries
  referencing new table as written for each statement execute function kassa.check_tenants();

alter table kassa.audit_log drop constraint audit_log_tenant_id_fkey;
create trigger audit_log_of_tenant after insert on kassa.audit_log
  referencing new table as written for each statement execute function kassa.check_tenants();

-- The books and the log are never changed; of these two a row stays with its shop.
alter table kassa.outbox_messages drop constraint outbox_messages_tenant_id_fkey;
create trigger outbox_messages_of_tenant after insert on kassa.outbox_messages
  referencing new table as written for each statement execute function kassa.check_tenants();
create trigger outbox_messages_stay before update of tenant_id on kassa.outbox_messages
  for each row execute function kassa.refuse_rewrite();

alter table kassa.inbox_events drop constraint inbox_events_tenant_id_fkey;
create trigger inbox_events_of_tenant after insert on kassa.inbox_events
  referencing new table as written for each statement execute function kassa.check_tenants();
create trigger inbox_events_stay before update of tenant_id on kassa.inbox_events
  for each row execute function kassa.refuse_rewrite();
