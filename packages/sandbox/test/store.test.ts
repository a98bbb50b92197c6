// Goal: the store in memory belongs to one sandbox alone, leaves nothing behind, and does all of a call or nothing.
// Method: the store itself.
import { readdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../src/store/database.ts';

function open(): ReturnType<typeof openDatabase> {
  const database = openDatabase(':memory:');
  onTestFinished(() => database.close());
  return database;
}

test('two stores in memory know nothing of each other, and no file is made', () => {
  const files = readdirSync('.');
  const [one, two] = [open(), open()];
  one.run("insert into settings (name, value) values ('whose', 'one')");
  expect(two.one("select value from settings where name = 'whose'")).toBeUndefined();
  expect(readdirSync('.')).toEqual(files);
});

test('what throws inside a transaction leaves no trace', () => {
  const database = open();
  const work = (): void => {
    database.run("insert into settings (name, value) values ('half', 'done')");
    throw new Error('the lights went out');
  };
  expect(() => database.transaction(work)).toThrow('lights');
  expect(database.one("select value from settings where name = 'half'")).toBeUndefined();
});
