import { isLoopbackName } from '../kernel/loopback.ts';
import { openTx } from '../store/tx.ts';
import type { Target, World } from '../store/world.ts';

/** Does a receiver with this list of types get an event of that type? */
export function wants(events: string[], type: string): boolean {
  return events.includes('*') || events.includes(type);
}

/** Every receiver that is switched on now. Read once, then kept until an endpoint changes. */
export function allTargets(world: World): Target[] {
  world.targets ??= [...optionTargets(world), ...endpointTargets(world)];
  return world.listeners.size === 0 ? world.targets : [...world.targets, ...world.listeners.values()];
}

function optionTargets(world: World): Target[] {
  return world.optionTargets.map((target, index) => ({
    id: `option:${index}`,
    url: target.url,
    secrets: [target.secret],
    events: target.events ?? ['*'],
  }));
}

function endpointTargets(world: World): Target[] {
  const tx = openTx(world, { request_id: null, idempotency_key: null });
  return tx
    .every('webhook_endpoint', {})
    .filter((endpoint) => endpoint.status === 'enabled')
    .map((endpoint) => ({
      id: endpoint.id,
      url: endpoint.url,
      secrets: [String(tx.hidden(endpoint.id).secret)],
      events: endpoint.enabled_events,
    }));
}

export function findTarget(world: World, id: string): Target | undefined {
  return allTargets(world).find((target) => target.id === id);
}

/** Webhooks leave this machine only to hosts that the owner of the sandbox named. */
export function reachable(url: string, allowHosts: string[]): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  return isLoopbackName(hostname) || allowHosts.includes(hostname);
}
