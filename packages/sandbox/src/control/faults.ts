import type { Refusal } from '../resources/customers/decline.ts';
import type { World } from '../store/world.ts';

/** What goes wrong with a call. `before`: nothing happened; `after`: it happened, and the caller is not told. */
export type CallFault = { when: 'before' | 'after' } & (
  | { kind: 'error'; status: 400 | 402 | 409 | 429 | 500 | 503; code?: string; should_retry?: boolean; reason?: string }
  | { kind: 'timeout' }
  | { kind: 'reset' }
  | { kind: 'truncate' }
  | { kind: 'delay'; ms: number }
);

/** The bank says no to the next payment, wherever it is made: by a call, at a page, by the control. */
export interface DeclineFault {
  kind: 'decline';
  /** Default `generic_decline`. */
  decline_code?: string;
}

/** Too little money is there for the next refund: it is refused, or waits until there is enough. */
export interface BalanceFault {
  kind: 'low_balance';
  answer: 'refused' | 'pending';
}

export type Fault = CallFault | DeclineFault | BalanceFault;

export interface FaultRule {
  /**
   * Which calls it meets; a `decline` meets every payment, a `low_balance` every refund. `path` is a template such as
   * `/v1/refunds/:id` (the names in it are free) or one whole address; `nth` counts matching calls from 1.
   */
  match?: { method?: string; path?: string; idempotency_key?: string; nth?: number };
  /** How often it fires; default 1. */
  times?: number;
  fault: Fault;
}

export interface FaultCall {
  method: string;
  path: string;
  template: string;
  key: string | null;
}

export function armFault(world: World, rule: FaultRule): string {
  world.armed.faults = undefined;
  const id = world.ids.next('fault_', 12);
  world.database.run(
    'insert into faults (id, match, fault, times, seen) values (?, ?, ?, ?, 0)',
    id,
    JSON.stringify(rule.match ?? {}),
    JSON.stringify(rule.fault),
    rule.times ?? 1,
  );
  return id;
}

export function listFaults(world: World): (FaultRule & { id: string; seen: number })[] {
  world.armed.faults ??= world.database.one('select 1 from faults where times > 0') !== undefined;
  if (!world.armed.faults) return [];
  return world.database.all('select * from faults where times > 0 order by seq').map((row) => ({
    id: row.id as string,
    match: JSON.parse(row.match as string) as NonNullable<FaultRule['match']>,
    fault: JSON.parse(row.fault as string) as Fault,
    times: row.times as number,
    seen: row.seen as number,
  }));
}

export function disarmFault(world: World, id: string | undefined): void {
  if (id === undefined) world.database.run('delete from faults');
  else world.database.run('delete from faults where id = ?', id);
}

/** The fault that meets this call, if any: the oldest armed one that matches, then the dice of the chaos settings. */
export function chooseFault(world: World, call: FaultCall): CallFault | undefined {
  let chosen: CallFault | undefined;
  for (const rule of listFaults(world)) {
    if (rule.fault.kind === 'decline' || rule.fault.kind === 'low_balance') continue;
    const { method, path, idempotency_key, nth } = rule.match ?? {};
    if (method !== undefined && method !== call.method) continue;
    if (path !== undefined && path !== call.path && nameless(path) !== nameless(call.template)) continue;
    if (idempotency_key !== undefined && idempotency_key !== call.key) continue;
    const seen = rule.seen + 1;
    const fires = chosen === undefined && (nth === undefined || nth === seen);
    world.database.run(
      'update faults set seen = ?, times = ? where id = ?',
      seen,
      fires ? (rule.times ?? 1) - 1 : (rule.times ?? 1),
      rule.id,
    );
    if (fires) chosen = rule.fault;
  }
  return chosen ?? chaosFault(world, call);
}

/** `/v1/refunds/:refund`, `/v1/refunds/{id}` -> `/v1/refunds/:` */
function nameless(template: string): string {
  return template.replaceAll(/\/(?::\w+|\{\w+\})/g, '/:');
}

/** These refusals are codes of their own; every other reason is a `card_declined`. */
const OWN_CODES = new Set(['expired_card', 'incorrect_cvc', 'processing_error']);

/** The refusal that was armed for this payment, if any; it is used up by asking. */
export function armedRefusal(world: World): Refusal | undefined {
  for (const { id, fault, times = 1, seen } of listFaults(world)) {
    if (fault.kind !== 'decline') continue;
    world.database.run('update faults set seen = ?, times = ? where id = ?', seen + 1, times - 1, id);
    const { decline_code = 'generic_decline' } = fault;
    return OWN_CODES.has(decline_code) ? { code: decline_code } : { code: 'card_declined', decline_code };
  }
  return undefined;
}

/** What was armed for this refund, if anything; it is used up by asking. */
export function armedLowBalance(world: World): BalanceFault['answer'] | undefined {
  for (const { id, fault, times = 1, seen } of listFaults(world)) {
    if (fault.kind !== 'low_balance') continue;
    world.database.run('update faults set seen = ?, times = ? where id = ?', seen + 1, times - 1, id);
    return fault.answer;
  }
  return undefined;
}

function chaosFault(world: World, call: FaultCall): CallFault | undefined {
  const { chaos } = world;
  if (!chaos) return undefined;
  const now = world.clock.now();
  const down = chaos.outages.some(
    (window) =>
      window.from <= now &&
      now < window.to &&
      (window.what === 'all' || window.what === (call.method === 'GET' ? 'reads' : 'writes')),
  );
  if (down) return { kind: 'error', status: 503, when: 'before', should_retry: false };
  const dice = world.ids.chance(`call:${world.calls++}`);
  const faults: [number, CallFault][] = [
    [chaos.error_before, { kind: 'error', status: 500, when: 'before', should_retry: false }],
    [chaos.error_after, { kind: 'error', status: 500, when: 'after', should_retry: false }],
    [chaos.timeout_before, { kind: 'timeout', when: 'before' }],
    [chaos.timeout_after, { kind: 'timeout', when: 'after' }],
    [chaos.reset_before, { kind: 'reset', when: 'before' }],
    [chaos.reset_after, { kind: 'reset', when: 'after' }],
  ];
  let sum = 0;
  for (const [rate, fault] of faults) {
    sum += rate;
    if (dice < sum) return fault;
  }
  return undefined;
}
