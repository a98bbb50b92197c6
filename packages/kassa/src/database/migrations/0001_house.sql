-- The ground that every later table stands on: words that several tables share, the installation, the tenants.
-- Times always come from the application as parameters; kassa.clock() exists for leases alone.
create extension if not exists btree_gist;

-- The 135 presentment currencies of Stripe, lower case (docs.stripe.com/currencies).
create domain kassa.currency as text check (value = any (array[
  'usd','aed','afn','all','amd','ang','aoa','ars','aud','awg','azn','bam','bbd','bdt','bgn','bhd','bif','bmd','bnd',
  'bob','brl','bsd','bwp','byn','bzd','cad','cdf','chf','clp','cny','cop','crc','cve','czk','djf','dkk','dop','dzd',
  'egp','etb','eur','fjd','fkp','gbp','gel','gip','gmd','gnf','gtq','gyd','hkd','hnl','htg','huf','idr','ils','inr',
  'isk','jmd','jod','jpy','kes','kgs','khr','kmf','krw','kwd','kyd','kzt','lak','lbp','lkr','lrd','lsl','mad','mdl',
  'mga','mkd','mmk','mnt','mop','mur','mvr','mwk','mxn','myr','mzn','nad','ngn','nio','nok','npr','nzd','omr','pab',
  'pen','pgk','php','pkr','pln','pyg','qar','ron','rsd','rub','rwf','sar','sbd','scr','sek','sgd','shp','sle','sos',
  'srd','std','szl','thb','tjs','tnd','top','try','ttd','twd','tzs','uah','ugx','uyu','uzs','vnd','vuv','wst','xaf',
  'xcd','xcg','xof','xpf','yer','zar','zmw']));

create domain kassa.mode as text check (value in ('test', 'live'));

-- Integer minor units. The bound is the largest integer that JavaScript holds exactly.
create domain kassa.minor as bigint check (value between -9007199254740991 and 9007199254740991);

-- The database's own clock, for leases that must not trust a process. The setting is for the simulator;
-- the server refuses a live key while it is present.
create function kassa.clock() returns timestamptz language sql stable as $$
  select coalesce(nullif(current_setting('kassa.clock', true), '')::timestamptz, clock_timestamp())
$$;

-- What must never be rewritten says so itself; grants alone do not bind the owner.
create function kassa.refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

create table kassa.installation (
  only_row    boolean     primary key default true constraint installation_is_one_row check (only_row),
  mode        kassa.mode  not null,
  created_at  timestamptz not null
);

create table kassa.tenants (
  id              uuid        primary key,
  key             text        not null unique check (key ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  name            text        not null check (char_length(name) between 1 and 200),
  hosts           text[]      not null default '{}',
  origins         text[]      not null default '{}',
  stripe_account  text        check (stripe_account like 'acct\_%'),
  created_at      timestamptz not null
);

-- Gap-free numbers that people read, such as order #1001. A sequence would leave gaps and differ between runs.
create table kassa.counters (
  tenant_id  uuid       not null references kassa.tenants,
  mode       kassa.mode not null,
  name       text       not null check (name in ('order_number')),
  value      bigint     not null check (value >= 0),
  primary key (tenant_id, mode, name)
);

create table kassa.leases (
  name         text        primary key check (char_length(name) <= 100),
  holder       text        not null check (char_length(holder) <= 200),
  token        bigint      not null check (token > 0),
  lease_until  timestamptz not null
);
