import { addDelivery } from '../../delivery/plan.ts';
import { allTargets } from '../../delivery/targets.ts';
import { flag, type Input, text, texts } from '../../http/input.ts';
import { type List, readCreated, readCursor } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { isPlain } from '../../kernel/canonical.ts';
import { badParam, missingObject } from '../../kernel/failure.ts';
import type { Row } from '../../store/database.ts';
import type { Tx } from '../../store/tx.ts';
import type { World } from '../../store/world.ts';

const KEPT_S = 30 * 86_400;
const TYPES_MAX = 20;

/** An event as the API shows it: the snapshot never changes, only the number of deliveries still owed does. */
function shown(world: World, row: Row): Record<string, unknown> {
  const event = JSON.parse(row.json as string) as Record<string, unknown>;
  const owed = world.database.one(
    "select count(distinct target) as n from deliveries where event_id = ? and state in ('due', 'held')",
    row.id as string,
  );
  return { ...event, pending_webhooks: Number(owed?.n ?? 0) };
}

/** @throws ApiFailure 404 also for events older than 30 days, which Stripe forgets */
export function retrieveEvent(tx: Tx, id: string): Record<string, unknown> {
  return shown(tx.world, rowOf(tx, id));
}

function rowOf(tx: Tx, id: string): Row {
  const { account } = tx.caller;
  const row = tx.world.database.one('select * from events where id = ?', id);
  const foreign = account !== undefined && row?.account !== account;
  if (!row || foreign || (row.created as number) < tx.now - KEPT_S) throw missingObject('event', id, 'id');
  return row;
}

/** Sends an event again, to one receiver or to all, whatever became of it before. */
export function resendEvent(
  tx: Tx,
  id: string,
  only: (target: string) => boolean = () => true,
): Record<string, unknown> {
  const event = rowOf(tx, id);
  for (const target of allTargets(tx.world)) {
    if (target.account !== event.account || !only(target.id)) continue;
    addDelivery(tx.world, id, target.id, { state: 'due', due_ms: tx.now_ms, plan: {} });
  }
  return shown(tx.world, event);
}

function retry(tx: Tx, input: Input, id: string): Record<string, unknown> {
  const endpoint = text(input, 'webhook_endpoint');
  if (endpoint !== undefined) tx.get('webhook_endpoint', endpoint, 'webhook_endpoint');
  const cli = flag(input, 'for_stripecli') === true;
  return resendEvent(tx, id, (target) => {
    if (endpoint !== undefined) return target === endpoint;
    return cli ? target.startsWith('cli:') : true;
  });
}

function conditions(tx: Tx, input: Input): { sql: string[]; values: (string | number)[] } {
  const sql = ['account = ?', 'created >= ?'];
  const values: (string | number)[] = [tx.account(), tx.now - KEPT_S];
  const type = text(input, 'type');
  const types = texts(input, 'types');
  if (type !== undefined && types) throw badParam('types', 'You may give only one of these parameters: type, types.');
  const wanted = type === undefined ? types : [type];
  if (wanted && wanted.length > TYPES_MAX) throw badParam('types', `At most ${TYPES_MAX} types.`);
  if (wanted) {
    sql.push(`(${wanted.map((name) => (name.endsWith('*') ? 'type glob ?' : 'type = ?')).join(' or ')})`);
    values.push(...wanted);
  }
  const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
  const created = readCreated(input);
  for (const [name, sign] of Object.entries(signs)) {
    const bound = created?.[name as keyof typeof signs];
    if (bound === undefined) continue;
    sql.push(`created ${sign} ?`);
    values.push(bound);
  }
  const success = flag(input, 'delivery_success');
  if (success !== undefined) {
    const open = "exists (select 1 from deliveries d where d.event_id = events.id and d.state <> 'done')";
    sql.push(success ? `not ${open}` : open);
  }
  return { sql, values };
}

function list(tx: Tx, input: Input): List<Record<string, unknown>> {
  const { limit, starting_after, ending_before } = readCursor(input);
  const { sql, values } = conditions(tx, input);
  const cursor = starting_after ?? ending_before;
  if (cursor !== undefined) {
    const at = tx.world.database.one('select seq from events where id = ?', cursor);
    if (!at) throw missingObject('event', cursor, starting_after ? 'starting_after' : 'ending_before');
    sql.push(starting_after ? 'seq < ?' : 'seq > ?');
    values.push(at.seq as number);
  }
  const order = ending_before === undefined ? 'desc' : 'asc';
  const rows = tx.world.database.all(
    `select * from events where ${sql.join(' and ')} order by seq ${order} limit ?`,
    ...values,
    limit + 1,
  );
  const kept = rows.slice(0, limit);
  if (order === 'asc') kept.reverse();
  const data = kept.map((row) => shown(tx.world, row));
  return { object: 'list', data, has_more: rows.length > limit, url: '/v1/events' };
}

export const EVENT_ROUTES: Route[] = [
  route('GET', '/v1/events/:id', (tx, _, { ids }) => retrieveEvent(tx, ids.id ?? '')),
  route('GET', '/v1/events', (tx, input) => list(tx, input)),
  route('POST', '/v1/events/:id/retry', (tx, input, { ids }) => retry(tx, input, ids.id ?? '')),
];

/** The first events about one object, for the panel and for tests. */
export function eventsAbout(world: World, object_id: string): Record<string, unknown>[] {
  return world.database
    .all('select * from events where object_id = ? order by seq', object_id)
    .map((row) => shown(world, row))
    .filter(isPlain);
}
