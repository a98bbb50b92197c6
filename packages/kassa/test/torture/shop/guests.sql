create table guests (id bigint generated always as identity, order_id text not null, at timestamptz not null default now());
