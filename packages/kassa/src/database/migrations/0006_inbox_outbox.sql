-- What Stripe told us, what must leave, what is due later. Each is kept before anything acts on it.
create table kassa.inbox_events (
  account       text        not null check (char_length(account) between 1 and 255),
  id            text        not null check (id like 'evt\_%' and char_length(id) <= 255),
  tenant_id     uuid        not null references kassa.tenants,
  mode          kassa.mode  not null,
  type          text        not null check (char_length(type) between 1 and 100),
  object_id     text        check (char_length(object_id) <= 255),
  api_version   text        check (char_length(api_version) <= 40),
  body          text        not null check (octet_length(body) <= 1048576),
  occurred_at   timestamptz not null,
  received_at   timestamptz not null,
  due_at        timestamptz not null,
  attempts      int         not null default 0 check (attempts between 0 and 25),
  claims        bigint      not null default 0 check (claims >= 0),
  lease_until   timestamptz,
  last_error    text        check (char_length(last_error) <= 2000),
  outcome       text        check (outcome in ('applied', 'unchanged', 'ignored')),
  order_id      uuid,
  handled_at    timestamptz,
  parked_at     timestamptz,
  primary key (account, id),
  constraint inbox_events_handled_has_outcome check ((handled_at is null) = (outcome is null)),
  constraint inbox_events_one_end check (handled_at is null or parked_at is null)
);
-- The drain asks one question: what is due?
create index inbox_events_due on kassa.inbox_events (due_at, account, id) where handled_at is null and parked_at is null;
create index inbox_events_parked on kassa.inbox_events (parked_at) where parked_at is not null;
create index inbox_events_object on kassa.inbox_events (object_id);
create index inbox_events_order on kassa.inbox_events (order_id) where order_id is not null;

-- lz4 keeps a usual body inline; a server built without it stores the body plain.
do $$ begin
  if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals))
  then alter table kassa.inbox_events alter column body set compression lz4;
  else alter table kassa.inbox_events alter column body set storage external;
  end if;
end $$;

create table kassa.outbox_messages (
  id             uuid        primary key,
  tenant_id      uuid        not null references kassa.tenants,
  mode           kassa.mode  not null,
  topic          text        not null check (topic ~ '^[a-z_]+\.[a-z_]+$' and char_length(topic) <= 100),
  order_id       uuid        not null references kassa.orders,
  order_version  int         not null check (order_version >= 1),
  payload        jsonb       not null check (jsonb_typeof(payload) = 'object'),
  created_at     timestamptz not null,
  unique (order_id, topic, order_version)
);
-- Money is announced once per order, whatever happens to the order afterwards.
create unique index outbox_messages_paid_once on kassa.outbox_messages (order_id) where topic = 'order.paid';

create table kassa.deliveries (
  id            uuid        primary key,
  message_id    uuid        not null references kassa.outbox_messages,
  destination   text        not null check (char_length(destination) between 1 and 200),
  due_at        timestamptz not null,
  attempts      int         not null default 0 check (attempts between 0 and 100),
  claims        bigint      not null default 0 check (claims >= 0),
  lease_until   timestamptz,
  last_error    text        check (char_length(last_error) <= 2000),
  delivered_at  timestamptz,
  parked_at     timestamptz,
  unique (message_id, destination),
  constraint deliveries_one_end check (delivered_at is null or parked_at is null)
);
create index deliveries_due on kassa.deliveries (due_at, id) where delivered_at is null and parked_at is null;
create index deliveries_parked on kassa.deliveries (parked_at) where parked_at is not null;

create table kassa.timers (
  subject      uuid        not null,
  kind         text        not null check (char_length(kind) between 1 and 60),
  due_at       timestamptz not null,
  payload      jsonb       not null default '{}' check (jsonb_typeof(payload) = 'object'),
  attempts     int         not null default 0 check (attempts between 0 and 1000),
  claims       bigint      not null default 0 check (claims >= 0),
  lease_until  timestamptz,
  last_error   text        check (char_length(last_error) <= 2000),
  primary key (subject, kind)
);
create index timers_due on kassa.timers (due_at, subject, kind);

-- One thing done because of an order, at most once: a fulfilment, or a finished step of a shop's own hook.
create table kassa.effects (
  id             uuid        primary key,
  order_id       uuid        not null references kassa.orders,
  order_line_id  uuid        references kassa.order_lines,
  topic          text        not null check (char_length(topic) between 1 and 100),
  name           text        not null check (char_length(name) between 1 and 200),
  result         jsonb,
  done_at        timestamptz not null,
  constraint effects_once unique nulls not distinct (order_id, order_line_id, topic, name)
);

-- Nothing is given away for money not taken.
create function kassa.check_effect_is_paid() returns trigger language plpgsql as $$
begin
  if new.topic = 'order.paid' and not exists (
    select from kassa.orders where id = new.order_id and status in ('paid', 'partially_refunded', 'refunded')) then
    raise exception 'order % is not paid: % refused', new.order_id, new.name using errcode = 'check_violation',
      constraint = 'effects_only_when_paid';
  end if;
  return new;
end $$;
create trigger effects_only_when_paid before insert on kassa.effects
  for each row execute function kassa.check_effect_is_paid();

create table kassa.notifications (
  id           uuid        primary key,
  delivery_id  uuid        not null unique references kassa.deliveries,
  order_id     uuid        not null references kassa.orders,
  channel      text        not null check (channel in ('mail', 'sms')),
  recipient    text        not null check (char_length(recipient) between 1 and 254),
  subject      text        check (char_length(subject) <= 500),
  text_body    text        not null check (char_length(text_body) <= 200000),
  html_body    text        check (char_length(html_body) <= 500000),
  state        text        not null check (state in ('rendered', 'sent', 'caught')),
  created_at   timestamptz not null,
  sent_at      timestamptz,
  constraint notifications_sent_has_time check ((state = 'rendered') = (sent_at is null))
);
create index notifications_by_time on kassa.notifications (created_at desc, id desc);
create index notifications_order on kassa.notifications (order_id);
