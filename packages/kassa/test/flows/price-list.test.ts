// Goal: a process that opens shops one after the other keeps nothing of those that are gone.
// Method: the memory that nobody holds is given back, and who is still there is told of changes all the same.
import { expect, test } from 'vitest';
import { forgetPrices, openPriceList } from '../../src/domain/catalog/index.ts';
import { giveBackMemory } from '../../src/system.ts';
import { freshDatabase } from '../setup/database.ts';
import { realClock, realIds } from '../setup/world.ts';

test('the prices of a shop that is gone are let go of', async () => {
  const { db, drop } = await freshDatabase();
  const open = () => openPriceList(db, { tenant_id: realIds.uuid(), mode: 'test' }, realClock);
  const gone = new WeakRef(open());
  const still_there = open();
  await giveBackMemory();
  expect(gone.deref()).toBeUndefined();
  forgetPrices(db);
  expect(await still_there.offersById(db, [])).toEqual(new Map());
  await drop();
});
