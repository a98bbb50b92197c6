// Goal: tests do not disturb each other: each has a database of its own, with the whole schema and nothing in it.
import { expect, test } from 'vitest';
import { closeDatabase, openDatabase, sql } from '../../src/database/index.ts';
import { freshDatabase, onEachServer } from '../setup/database.ts';
import { quietWorld } from '../setup/world.ts';
import { ask } from './starter.ts';

onEachServer((server) => {
  test('two fresh databases know nothing of each other', async () => {
    const [one, two] = await Promise.all([freshDatabase({}, server), freshDatabase({}, server)]);
    await sql`insert into kassa.installation (mode, created_at) values ('test', '2026-01-01')`.execute(one.db);
    expect(await one.db.selectFrom('installation').select('mode').execute()).toEqual([{ mode: 'test' }]);
    expect(await two.db.selectFrom('installation').select('mode').execute()).toEqual([]);
    await Promise.all([one.drop(), two.drop()]);
  });

  test('a dropped database is gone or empty again', async () => {
    const used = await freshDatabase({}, server);
    await sql`insert into kassa.installation (mode, created_at) values ('test', '2026-01-01')`.execute(used.db);
    await used.drop();
    const rows = await ask(used.url, 'select mode from kassa.installation').catch((error) => error);
    if (Array.isArray(rows)) expect(rows).toEqual([]);
    else expect(rows).toMatchObject({ code: '3D000' });
  });

  const CHANGES = {
    'a trigger is off': 'alter table kassa.ledger_entries disable trigger user',
    'a constraint is gone': 'alter table kassa.offers drop constraint offers_appointment_has_duration',
    'a grant was given': 'grant delete on kassa.ledger_entries to public',
    'a setting is left': `do $$ begin execute format('alter database %I set lock_timeout = 1', current_database()); end $$`,
    'a function is another': `create or replace function kassa.clock() returns timestamptz language sql
      as $$ select timestamptz '2026-01-01' $$`,
    'a migration is unknown': 'delete from kassa.migrations where number = 1',
  };
  test.each(Object.entries(CHANGES))('a database in which %s is never lent again', async (_, change) => {
    const changed = await freshDatabase({}, server);
    await sql.raw(change).execute(changed.db);
    await changed.drop();
    await expect(ask(changed.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
  });

  test('a database in which somebody still works is never lent again', async () => {
    const shared = await freshDatabase({}, server);
    const other = openDatabase(shared.url, quietWorld);
    await sql`select 1`.execute(other);
    await shared.drop();
    await expect(ask(shared.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
    await closeDatabase(other);
  });
});
