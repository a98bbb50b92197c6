import type { Database } from '../store/database.ts';
import type { World } from '../store/world.ts';

/** What happens to matching webhooks instead of a plain delivery. */
export type WebhookAction =
  | { kind: 'drop' }
  | { kind: 'duplicate'; times: number; parallel?: boolean }
  | { kind: 'clone' }
  | { kind: 'delay'; ms: number }
  | { kind: 'reorder'; window: number }
  | { kind: 'hold' }
  | { kind: 'corrupt_signature' }
  | { kind: 'stale_timestamp'; s: number }
  | { kind: 'wrong_secret' };

export interface WebhookRule {
  match?: { type?: string; object_id?: string; nth?: number };
  /** How many events it catches; absent means all until it is removed. */
  times?: number;
  action: WebhookAction;
}

const FOR_EVER = -1;

export function addRule({ database, armed }: World, id: string, rule: WebhookRule): void {
  armed.rules = undefined;
  const times = rule.times ?? (rule.match?.nth === undefined ? FOR_EVER : 1);
  database.run('insert into rules (id, rule, times, seen) values (?, ?, ?, 0)', id, JSON.stringify(rule), times);
}

export function listRules(database: Database): (WebhookRule & { id: string; left: number })[] {
  return database.all('select * from rules order by seq').map((row) => ({
    ...(JSON.parse(row.rule as string) as WebhookRule),
    id: row.id as string,
    left: row.times as number,
  }));
}

export function removeRule({ database, armed }: World, id: string | undefined): void {
  armed.rules = undefined;
  if (id === undefined) database.run('delete from rules');
  else database.run('delete from rules where id = ?', id);
}

/** The actions that catch this event, in the order in which the rules were made. Counts each rule that looked at it. */
export function catchEvent({ database, armed }: World, event: { type: string; object_id: string }): WebhookAction[] {
  armed.rules ??= database.one('select 1 from rules') !== undefined;
  if (!armed.rules) return [];
  const caught: WebhookAction[] = [];
  for (const row of database.all('select * from rules order by seq')) {
    const rule = JSON.parse(row.rule as string) as WebhookRule;
    const { type, object_id, nth } = rule.match ?? {};
    if (type !== undefined && type !== event.type) continue;
    if (object_id !== undefined && object_id !== event.object_id) continue;
    const seen = (row.seen as number) + 1;
    const fires = row.times !== 0 && (nth === undefined || nth === seen);
    const left = fires && (row.times as number) > 0 ? (row.times as number) - 1 : (row.times as number);
    database.run('update rules set seen = ?, times = ? where seq = ?', seen, left, row.seq as number);
    if (fires) caught.push(rule.action);
  }
  return caught;
}
