-- Since when the objects of a list have been compared at all: what is older was nobody's to write down.
alter table kassa.reconcile_cursors add column since_at timestamptz;
-- A first comparison looks back thirty days at most, so what was compared before today reaches at least this far.
update kassa.reconcile_cursors set since_at = reached_at - interval '30 days' where kind = 'fees';
