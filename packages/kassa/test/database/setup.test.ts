import { expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { freshDatabase, onEachServer } from '../setup/database.ts';

onEachServer((server) => {
  test('two fresh databases know nothing of each other', async () => {
    const t0 = performance.now();
    const one = await freshDatabase({}, server);
    console.log('first', performance.now() - t0);
    const t1 = performance.now();
    const two = await freshDatabase({}, server);
    console.log('second', performance.now() - t1);
    await sql`insert into kassa.installation (mode, created_at) values ('test', '2026-01-01')`.execute(one.db);
    expect(await one.db.selectFrom('installation').select('mode').execute()).toEqual([{ mode: 'test' }]);
    expect(await two.db.selectFrom('installation').select('mode').execute()).toEqual([]);
    const t2 = performance.now();
    await Promise.all([one.drop(), two.drop()]);
    console.log('drop', performance.now() - t2);
  });
});
