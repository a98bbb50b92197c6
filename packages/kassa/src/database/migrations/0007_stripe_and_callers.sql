-- Every write that we send to Stripe, the callers' keys, and the record of who changed what.
create table kassa.stripe_operations (
  id                uuid        primary key,
  tenant_id         uuid        not null references kassa.tenants,
  mode              kassa.mode  not null,
  -- Deterministic: kassa:<attempt or refund>:<action>. Never random, so that a crash cannot make a second key.
  key               text        not null unique check (key like 'kassa:%' and char_length(key) <= 255),
  order_id          uuid        not null references kassa.orders,
  attempt_id        uuid        references kassa.payment_transactions,
  refund_id         uuid        references kassa.refunds,
  action            text        not null check (char_length(action) between 1 and 40),
  path              text        not null check (path like '/v1/%' and char_length(path) <= 500),
  -- The exact form-encoded bytes; a repeat sends these and nothing computed anew.
  body              text        not null check (octet_length(body) <= 262144),
  state             text        not null check (state in ('intended', 'sent', 'known', 'unknown')),
  outcome           text        check (outcome in ('done', 'refused', 'abandoned')),
  sends             int         not null default 0 check (sends between 0 and 1000),
  first_sent_at     timestamptz,
  last_sent_at      timestamptz,
  stripe_object_id  text        check (char_length(stripe_object_id) <= 255),
  last_error        text        check (char_length(last_error) <= 2000),
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  -- Stripe may forget a key after 24 hours; a write sent again after that could happen twice.
  constraint stripe_operations_never_resent_after_a_day check (
    last_sent_at is null or (first_sent_at is not null and last_sent_at <= first_sent_at + interval '24 hours')),
  constraint stripe_operations_known_has_outcome check ((state = 'known') = (outcome is not null))
);
create index stripe_operations_open on kassa.stripe_operations (created_at) where state <> 'known';
create index stripe_operations_order on kassa.stripe_operations (order_id);

create table kassa.idempotency_keys (
  tenant_id       uuid        not null references kassa.tenants,
  mode            kassa.mode  not null,
  scope           text        not null check (char_length(scope) between 1 and 400),
  key             text        not null check (char_length(key) between 1 and 255),
  request_hash    text        not null check (request_hash ~ '^[0-9a-f]{64}$'),
  recovery_point  text        not null check (recovery_point in ('started', 'drafted', 'finished')),
  order_id        uuid        references kassa.orders,
  attempt_id      uuid        references kassa.payment_transactions,
  status          int         check (status between 200 and 499),
  body            text        check (octet_length(body) <= 262144),
  -- Until then somebody is taken to be at work under this key; a request that was cut off is resumed afterwards.
  busy_until      timestamptz not null,
  created_at      timestamptz not null,
  finished_at     timestamptz,
  primary key (tenant_id, mode, scope, key),
  constraint idempotency_keys_finished_has_answer check (
    (recovery_point = 'finished') = (status is not null and body is not null and finished_at is not null))
);
create index idempotency_keys_age on kassa.idempotency_keys (created_at);
create index idempotency_keys_order on kassa.idempotency_keys (order_id) where order_id is not null;

create table kassa.api_keys (
  id            uuid        primary key,
  tenant_id     uuid        not null references kassa.tenants,
  mode          kassa.mode  not null,
  kind          text        not null check (kind in ('publishable', 'secret', 'agent')),
  name          text        not null check (char_length(name) between 1 and 100),
  hash          text        not null unique check (hash ~ '^[0-9a-f]{64}$'),
  last_four     text        not null check (char_length(last_four) = 4),
  scopes        text[]      not null default '{}',
  caps          jsonb       not null default '{}' check (jsonb_typeof(caps) = 'object'),
  created_at    timestamptz not null,
  last_used_at  timestamptz,
  revoked_at    timestamptz
);

-- One row per version of an order: what moved it, who asked, from where to where.
create table kassa.audit_log (
  id             uuid        primary key,
  tenant_id      uuid        not null references kassa.tenants,
  mode           kassa.mode  not null,
  order_id       uuid        references kassa.orders,
  order_version  int         check (order_version >= 1),
  action         text        not null check (char_length(action) between 1 and 100),
  status_from    text,
  status_to      text,
  cause          text        not null check (char_length(cause) between 1 and 300),
  actor          text        not null check (char_length(actor) between 1 and 200),
  details        jsonb       not null default '{}' check (jsonb_typeof(details) = 'object'),
  created_at     timestamptz not null,
  constraint audit_log_one_per_version unique (order_id, order_version)
);
create index audit_log_by_time on kassa.audit_log (created_at desc, id desc);
create trigger audit_log_append_only before update or delete on kassa.audit_log
  for each row execute function kassa.refuse_rewrite();

-- No order changes its status without a row that names the cause.
create function kassa.check_order_audited() returns trigger language plpgsql as $$
begin
  if not exists (select from kassa.audit_log where order_id = new.id and order_version = new.version) then
    raise exception 'order % version % has no audit row', new.id, new.version using errcode = 'check_violation',
      constraint = 'orders_audited';
  end if;
  return null;
end $$;
create constraint trigger orders_audited_insert after insert on kassa.orders
  deferrable initially deferred for each row execute function kassa.check_order_audited();
create constraint trigger orders_audited_update after update on kassa.orders
  deferrable initially deferred for each row
  when (old.status is distinct from new.status or old.version is distinct from new.version)
  execute function kassa.check_order_audited();

create table kassa.reconcile_breaks (
  id                uuid        primary key,
  tenant_id         uuid        not null references kassa.tenants,
  mode              kassa.mode  not null,
  kind              text        not null check (char_length(kind) between 1 and 60),
  stripe_object_id  text        not null check (char_length(stripe_object_id) between 1 and 255),
  order_id          uuid        references kassa.orders,
  details           jsonb       not null default '{}' check (jsonb_typeof(details) = 'object'),
  first_seen_at     timestamptz not null,
  last_seen_at      timestamptz not null,
  resolved_at       timestamptz,
  unique (tenant_id, mode, kind, stripe_object_id)
);
create index reconcile_breaks_open on kassa.reconcile_breaks (first_seen_at) where resolved_at is null;
