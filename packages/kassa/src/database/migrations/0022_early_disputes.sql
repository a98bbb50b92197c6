-- What banks were heard to ask back before the payment itself was heard of: what is sold then is held back at once.
alter table kassa.payment_transactions add column early_disputes text[] not null default '{}';
-- Every row that is there already is empty: to read them all for that would hold up every sale meanwhile.
alter table kassa.payment_transactions add constraint payment_transactions_early_disputes_check
  check (cardinality(early_disputes) <= 100) not valid;
