import { insistOnEvent } from '../http/insist.ts';
import { API_VERSION } from '../kernel/options.ts';
import type { Caller } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { planDeliveries } from './plan.ts';
import { allTargets, wants } from './targets.ts';

export interface Fact {
  type: string;
  /** The object as it is now. */
  json: string;
  object_id: string | null;
  previous: Record<string, unknown> | undefined;
  caller: Caller;
  /** Whose object it is about. */
  account: string;
  at_ms: number;
}

/**
 * Writes one event with a snapshot of its object, and the deliveries that it is owed, in the current transaction.
 * The snapshot is text from here on: nothing that happens later changes it.
 */
export function writeEvent(world: World, fact: Fact): string {
  const { account } = fact;
  const targets = allTargets(world).filter((target) => target.account === account && wants(target.events, fact.type));
  const id = world.ids.next('evt_');
  const previous = fact.previous ? `,"previous_attributes":${JSON.stringify(fact.previous)}` : '';
  const request = { id: fact.caller.request_id, idempotency_key: fact.caller.idempotency_key };
  const created = Math.floor(fact.at_ms / 1000);
  const json =
    `{"id":"${id}","object":"event","api_version":"${API_VERSION}","created":${created},` +
    `"data":{"object":${fact.json}${previous}},"livemode":false,` +
    `"pending_webhooks":${targets.length},"request":${JSON.stringify(request)},"type":"${fact.type}"}`;
  if (world.options.strict) insistOnEvent(json);
  world.database.run(
    'insert into events (id, account, type, created, json, object_id) values (?, ?, ?, ?, ?, ?)',
    id,
    account,
    fact.type,
    created,
    json,
    fact.object_id,
  );
  const event = { id, account, type: fact.type, object_id: fact.object_id ?? '', json, created };
  planDeliveries(world, event, targets, fact.at_ms);
  return id;
}

/** The bytes that every attempt sends: written once in effect, since they follow from the stored text alone. */
export function eventBody(json: string): string {
  return JSON.stringify(JSON.parse(json), null, 2);
}
