import type { Database } from './database.ts';

export function readSetting(database: Database, name: string): string | undefined {
  return database.one('select value from settings where name = ?', name)?.value as string | undefined;
}

export function writeSetting(database: Database, name: string, value: string): void {
  database.run(
    'insert into settings (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
    name,
    value,
  );
}
