import type { Database, Row } from './database.ts';

/** One line per call that reached `/v1`. Never a body, never a key of the API. */
export interface JournalEntry {
  /** Whose key it showed; empty when it showed none that fits. */
  account: string;
  at_ms: number;
  id: string;
  method: string;
  template: string;
  path: string;
  status: number;
  key: string | null;
  fault: string | null;
  /** Did the call change anything that stayed? */
  committed: boolean;
  /** Did the caller get to see the true answer? */
  caller_saw: boolean;
  replayed: boolean;
  code: string | null;
}

/** The journal's word for a POST without a key of the caller's own, when that was required. */
export const OWN_KEY_MISSING = 'own_key_missing';

const SHOWN = 20_000;

export function writeJournal(database: Database, entry: JournalEntry): void {
  database.run(
    'insert into requests (account, at_ms, id, method, template, path, status, key, fault, committed, caller_saw, ' +
      'replayed, code) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    entry.account,
    entry.at_ms,
    entry.id,
    entry.method,
    entry.template,
    entry.path,
    entry.status,
    entry.key,
    entry.fault,
    entry.committed ? 1 : 0,
    entry.caller_saw ? 1 : 0,
    entry.replayed ? 1 : 0,
    entry.code,
  );
}

/** Newest last. @param filter `path` matches the template's beginning; `since_ms` is a time of the sandbox's clock */
export function readJournal(
  database: Database,
  filter: { path?: string; since_ms?: number; id?: string; limit?: number } = {},
): JournalEntry[] {
  const rows = database.all(
    'select * from requests where at_ms >= ? and (?2 is null or id = ?2) and substr(template, 1, ?) = ? ' +
      'order by seq desc limit ?',
    filter.since_ms ?? 0,
    filter.id ?? null,
    filter.path?.length ?? 0,
    filter.path ?? '',
    Math.min(filter.limit ?? SHOWN, SHOWN),
  );
  return rows.reverse().map(fromRow);
}

function fromRow(row: Row): JournalEntry {
  return {
    account: row.account as string,
    at_ms: row.at_ms as number,
    id: row.id as string,
    method: row.method as string,
    template: row.template as string,
    path: row.path as string,
    status: row.status as number,
    key: row.key as string | null,
    fault: row.fault as string | null,
    committed: row.committed === 1,
    caller_saw: row.caller_saw === 1,
    replayed: row.replayed === 1,
    code: row.code as string | null,
  };
}
