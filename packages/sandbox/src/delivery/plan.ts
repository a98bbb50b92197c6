import type { Target, World } from '../store/world.ts';
import { catchEvent, type WebhookAction } from './rules.ts';

/** How one delivery departs from a plain one. Stored with it, so that a restart or a snapshot keeps its future. */
export interface Plan {
  /** Deliveries with ranks are sent in rank order among those that are due together. */
  rank?: number;
  /** Deliveries of one group are sent at the same moment. */
  group?: string;
  corrupt?: boolean;
  stale_s?: number;
  wrong_secret?: boolean;
}

export interface PlannedEvent {
  id: string;
  account: string;
  type: string;
  object_id: string;
  json: string;
  created: number;
}

interface Shape {
  state: 'due' | 'held' | 'dropped';
  due_ms: number;
  copies: number;
  clone: boolean;
  plan: Plan;
}

const PLAINLY: Plan = {};

/** Writes what is owed to each receiver: once and at once, unless a rule or the dice say otherwise. */
export function planDeliveries(world: World, event: PlannedEvent, targets: Target[], at_ms: number): void {
  const actions = catchEvent(world, event);
  for (const target of targets) {
    if (actions.length === 0 && !world.chaos) {
      addDelivery(world, event.id, target.id, { state: 'due', due_ms: at_ms, plan: PLAINLY });
      continue;
    }
    const shape: Shape = { state: 'due', due_ms: at_ms, copies: 1, clone: false, plan: {} };
    for (const action of actions) applyAction(world, shape, action, `${event.id}:${target.id}`);
    applyChaos(world, shape, `${event.id}:${target.id}`);
    if (shape.clone) deliverClone(world, event, target, shape);
    for (let copy = 0; copy < shape.copies; copy++) addDelivery(world, event.id, target.id, shape);
  }
}

export function addDelivery(
  world: World,
  event_id: string,
  target: string,
  shape: { state: string; due_ms: number; plan: Plan },
): void {
  world.database.run(
    'insert into deliveries (event_id, target, due_ms, state, attempts, plan) values (?, ?, ?, ?, 0, ?)',
    event_id,
    target,
    shape.due_ms,
    shape.state,
    shape.plan === PLAINLY ? '{}' : JSON.stringify(shape.plan),
  );
}

/** Sometimes Stripe makes two event objects for one fact: the same snapshot under a second id. */
function deliverClone(world: World, event: PlannedEvent, target: Target, shape: Shape): void {
  const id = world.ids.next('evt_');
  world.database.run(
    'insert into events (id, account, type, created, json, object_id) values (?, ?, ?, ?, ?, ?)',
    id,
    event.account,
    event.type,
    event.created,
    event.json.replace(event.id, id),
    event.object_id,
  );
  addDelivery(world, id, target.id, shape);
}

function applyAction(world: World, shape: Shape, action: WebhookAction, label: string): void {
  switch (action.kind) {
    case 'drop':
      shape.state = 'dropped';
      break;
    case 'hold':
      shape.state = 'held';
      break;
    case 'clone':
      shape.clone = true;
      break;
    case 'duplicate':
      shape.copies = action.times;
      if (action.parallel) shape.plan.group = label;
      break;
    case 'delay':
      shape.due_ms += action.ms;
      break;
    case 'reorder':
      shape.plan.rank = world.ids.chance(`rank:${label}`) * action.window;
      break;
    case 'corrupt_signature':
      shape.plan.corrupt = true;
      break;
    case 'stale_timestamp':
      shape.plan.stale_s = action.s;
      break;
    case 'wrong_secret':
      shape.plan.wrong_secret = true;
  }
}

function applyChaos(world: World, shape: Shape, label: string): void {
  const { chaos } = world;
  if (!chaos) return;
  const hit = (kind: string, rate: number): boolean => rate > 0 && world.ids.chance(`${kind}:${label}`) < rate;
  if (hit('drop', chaos.drop)) shape.state = 'dropped';
  if (hit('duplicate', chaos.duplicate)) shape.copies += 1;
  if (hit('delay', chaos.delay)) shape.due_ms += Math.floor(world.ids.chance(`delay-ms:${label}`) * chaos.delay_ms);
  if (hit('reorder', chaos.reorder)) shape.plan.rank = world.ids.chance(`rank:${label}`);
}
