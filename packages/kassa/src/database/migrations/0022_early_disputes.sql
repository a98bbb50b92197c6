-- What banks were heard to ask back before the payment itself was heard of: what is sold then is held back at once.
alter table kassa.payment_transactions add column early_disputes text[] not null default '{}'
  check (cardinality(early_disputes) <= 100);
