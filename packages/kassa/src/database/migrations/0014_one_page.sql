-- A signed-in buyer has one payment page that is not finished: a new one takes the place of the one before.

-- Pages from before this rule: the newest stays, the others are ended at Stripe when their time comes, as always.
update kassa.payment_transactions older set payment_status = 'superseded'
where older.presentation = 'hosted' and older.user_id is not null and older.payment_status in ('initiated', 'pending')
  and exists (
    select from kassa.payment_transactions newer
    where newer.tenant_id = older.tenant_id and newer.mode = older.mode and newer.user_id = older.user_id
      and newer.presentation = 'hosted' and newer.payment_status in ('initiated', 'pending') and newer.id > older.id);

create unique index if not exists payment_transactions_one_page
  on kassa.payment_transactions (tenant_id, mode, user_id)
  where presentation = 'hosted' and user_id is not null and payment_status in ('initiated', 'pending');
