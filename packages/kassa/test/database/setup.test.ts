// Goal: tests do not disturb each other: each has a database of its own, with the whole schema and nothing in it.
import { expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { freshDatabase, onEachServer } from '../setup/database.ts';
import { ask } from './starter.ts';

onEachServer((server) => {
  test('two fresh databases know nothing of each other, and a dropped one is gone', async () => {
    const [one, two] = await Promise.all([freshDatabase({}, server), freshDatabase({}, server)]);
    await sql`insert into kassa.installation (mode, created_at) values ('test', '2026-01-01')`.execute(one.db);
    expect(await one.db.selectFrom('installation').select('mode').execute()).toEqual([{ mode: 'test' }]);
    expect(await two.db.selectFrom('installation').select('mode').execute()).toEqual([]);
    await Promise.all([one.drop(), two.drop()]);
    await expect(ask(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
  });
});
