import type { Database } from '../store/database.ts';

/** One delivery of one event to one receiver, with what came of each attempt. */
export interface DeliveryView {
  event: string;
  type: string;
  target: string;
  state: 'due' | 'held' | 'done' | 'failed' | 'dropped';
  due_ms: number | null;
  attempts: { at_ms: number; took_ms: number; status: number | null; reply: string }[];
}

export interface Unsupported {
  method: string;
  path: string;
  count: number;
}

const MOST = 1000;

/** Oldest first, at most the newest thousand. */
export function readDeliveries(database: Database, filter: { event?: string; since_ms?: number } = {}): DeliveryView[] {
  const rows = database.all(
    'select d.*, e.type from deliveries d join events e on e.id = d.event_id ' +
      'where (? is null or d.event_id = ?) and e.created * 1000 >= ? order by d.seq desc limit ?',
    filter.event ?? null,
    filter.event ?? null,
    Math.floor((filter.since_ms ?? 0) / 1000) * 1000,
    MOST,
  );
  return rows.reverse().map((row) => ({
    event: row.event_id as string,
    type: row.type as string,
    target: row.target as string,
    state: row.state as DeliveryView['state'],
    due_ms: row.due_ms as number | null,
    attempts: database
      .all('select at_ms, took_ms, status, reply from attempts where delivery = ? order by seq', row.seq as number)
      .map((attempt) => ({
        at_ms: attempt.at_ms as number,
        took_ms: attempt.took_ms as number,
        status: attempt.status as number | null,
        reply: attempt.reply as string,
      })),
  }));
}

/** Calls that Stripe may have and the sandbox has not, so that a user sees what is missing. */
export function readUnsupported(database: Database): Unsupported[] {
  const rows = database.all(
    "select method, path, count(*) as n from requests where template = '(unknown)' or status = 501 " +
      'group by method, path order by n desc, path',
  );
  return rows.map((row) => ({ method: row.method as string, path: row.path as string, count: Number(row.n) }));
}
