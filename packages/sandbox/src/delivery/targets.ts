import { isLoopbackName } from '../kernel/loopback.ts';
import { DEFAULT_ACCOUNT } from '../kernel/options.ts';
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
    account: target.account ?? DEFAULT_ACCOUNT,
    url: target.url,
    secretsAt: () => [target.secret],
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
      account: tx.ownerOf(endpoint.id),
      url: endpoint.url,
      secretsAt: secretsOf(tx.hidden(endpoint.id) as unknown as EndpointSecrets),
      events: endpoint.enabled_events,
    }));
}

/** What signs for an endpoint: its secret, and for a while after a roll the one before. */
export interface EndpointSecrets {
  secret: string;
  rolled?: { secret: string; until_ms: number };
}

function secretsOf({ secret, rolled }: EndpointSecrets): Target['secretsAt'] {
  return (now_ms) => (rolled && now_ms < rolled.until_ms ? [secret, rolled.secret] : [secret]);
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
