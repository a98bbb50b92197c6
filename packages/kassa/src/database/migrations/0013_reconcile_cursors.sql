-- How far the comparison with Stripe has come, who has to act on what it found, and how an event reached us.

-- Lists are read page by page within a small share of the rate limit. A pass that is cut off goes on where it stopped,
-- and the next one begins where the last one that came to its end had begun.
create table kassa.reconcile_cursors (
  tenant_id        uuid        not null references kassa.tenants,
  mode             kassa.mode  not null,
  kind             text        not null
                   check (kind in ('sessions_complete', 'sessions_expired', 'intents', 'refunds', 'disputes', 'events')),
  -- Everything that was made at Stripe before this moment has been compared.
  reached_at       timestamptz,
  -- The pass under way: since when it looks, when it began, and the last object that it saw.
  pass_from        timestamptz,
  pass_started_at  timestamptz,
  pass_after       text        check (char_length(pass_after) between 1 and 255),
  updated_at       timestamptz not null,
  primary key (tenant_id, mode, kind),
  constraint reconcile_cursors_pass_is_whole check (
    (pass_from is null) = (pass_started_at is null) and (pass_from is null) = (pass_after is null))
);

-- Who has to act: the shop decides about money, Kassa tries again by itself, operations mend keys and endpoints.
alter table kassa.reconcile_breaks add column if not exists owner text not null default 'shop';
alter table kassa.reconcile_breaks drop constraint if exists reconcile_breaks_owner;
alter table kassa.reconcile_breaks add constraint reconcile_breaks_owner check (owner in ('shop', 'kassa', 'operations'));

-- True while only our own asking has brought the event: an endpoint that is silent is seen by it.
alter table kassa.inbox_events add column if not exists listed boolean not null default false;

-- "Which refund has waited longest?" is asked in every round, and few are open at any time.
create index if not exists refunds_open on kassa.refunds (tenant_id, mode, created_at)
  where status in ('requested', 'pending');
