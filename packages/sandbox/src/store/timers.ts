import type { Database } from './database.ts';

/** Something that happens by itself later: a session expires, a bank answers, an authorisation lapses. */
export interface Timer {
  seq: number;
  due_ms: number;
  kind: string;
  subject: string;
  payload: Record<string, unknown>;
}

export function addTimer(database: Database, timer: Omit<Timer, 'seq'>): void {
  database.run(
    'insert into timers (due_ms, kind, subject, payload) values (?, ?, ?, ?)',
    timer.due_ms,
    timer.kind,
    timer.subject,
    JSON.stringify(timer.payload),
  );
}

export function dropTimers(database: Database, subject: string, kind: string): void {
  database.run('delete from timers where subject = ? and kind = ?', subject, kind);
}

/** The next timer that is due at `now_ms`, oldest first; ties in the order in which they were set. */
export function nextTimer(database: Database, now_ms: number): Timer | undefined {
  const row = database.one('select * from timers where due_ms <= ? order by due_ms, seq limit 1', now_ms);
  if (!row) return undefined;
  return {
    seq: row.seq as number,
    due_ms: row.due_ms as number,
    kind: row.kind as string,
    subject: row.subject as string,
    payload: JSON.parse(row.payload as string) as Record<string, unknown>,
  };
}

export function removeTimer(database: Database, seq: number): void {
  database.run('delete from timers where seq = ?', seq);
}

export function earliestTimer(database: Database): number | undefined {
  return (database.one('select min(due_ms) as due from timers')?.due ?? undefined) as number | undefined;
}
