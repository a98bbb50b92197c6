-- How far the movements of the account's balance have been compared: what Stripe took for payments and refunds.
alter table kassa.reconcile_cursors drop constraint reconcile_cursors_kind_check;
alter table kassa.reconcile_cursors add constraint reconcile_cursors_kind_check
  check (kind in ('sessions_complete', 'sessions_expired', 'intents', 'refunds', 'disputes', 'events', 'fees'));
