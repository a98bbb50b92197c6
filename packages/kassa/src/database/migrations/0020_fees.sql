-- How far the movements of the account's balance have been compared: what Stripe took for payments and refunds.
alter table kassa.reconcile_cursors drop constraint reconcile_cursors_kind_check;
alter table kassa.reconcile_cursors add constraint reconcile_cursors_kind_check
  check (kind in ('sessions_complete', 'sessions_expired', 'intents', 'refunds', 'disputes', 'events', 'fees'));

-- "When did the last webhook arrive?" looks at the newest blocks alone. A summary of blocks costs a new event nothing.
create index inbox_events_arrived on kassa.inbox_events using brin (received_at) with (pages_per_range = 16, autosummarize = on);
