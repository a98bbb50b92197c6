-- A page whose place was taken is looked after until Stripe has said its last word on it.
drop index kassa.payment_transactions_live;
create index payment_transactions_live on kassa.payment_transactions (created_at)
  where payment_status in ('initiated', 'pending', 'processing', 'superseded');
