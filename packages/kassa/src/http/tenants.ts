import { readKeyForm } from '../domain/keys/index.ts';
import type { Clock } from '../kernel/clock.ts';
import { createLimiter, type Limits } from './limits.ts';
import { callerAddress } from './request/caller-address.ts';
import type { HttpApp } from './server.ts';

/** A shop of the installation and its whole HTTP. */
export interface TenantApp {
  readonly tenant_id: string;
  /** Host names, lower case, without port. */
  readonly hosts: readonly string[];
  readonly app: HttpApp;
}

export interface TenantDoor {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly proxy_hops: number;
  /** Whose a key is; undefined for what is none. */
  readonly tenantOfKey: (key: string) => Promise<string | undefined>;
}

/**
 * Hands each request to the shop that it is meant for: the one that has its `Host`, else the one whose key it shows,
 * else the first (docs/callers.md). A key never leads away from a host that has a shop: there it is judged.
 */
export function byTenant(shops: readonly TenantApp[], door: TenantDoor): HttpApp {
  const [first, ...others] = shops;
  if (first === undefined) throw new Error('an installation has one shop at least');
  if (others.length === 0) return first.app;
  const by_host = new Map(shops.flatMap(({ hosts, app }) => hosts.map((host) => [host, app] as const)));
  const by_tenant = new Map(shops.map(({ tenant_id, app }) => [tenant_id, app] as const));
  const limiter = createLimiter(door.clock, door.limits);

  const byKey = async (key: string, caller_address: string): Promise<HttpApp | undefined> => {
    // Whoever guesses keys ends before the first shop, which says no, and costs the database nothing more.
    if (limiter.isOver('refused_key_per_ip', caller_address)) return undefined;
    const tenant_id = await door.tenantOfKey(key);
    const counts = tenant_id === undefined && !limiter.isOver('refused_key_per_ip', caller_address);
    if (counts) limiter.take('refused_key_per_ip', caller_address);
    return tenant_id === undefined ? undefined : by_tenant.get(tenant_id);
  };
  return {
    // Whose a request without a host of ours is, its key may say: that takes the way of all others.
    atSocket: (incoming, outgoing) =>
      first.app.eventsAtSocket(incoming, outgoing) ||
      (by_host.get(hostIn(incoming.headers.host))?.atSocket(incoming, outgoing) ?? false),
    eventsAtSocket: first.app.eventsAtSocket,
    async fetch(request, client) {
      const hosted = by_host.get(new URL(request.url).hostname.replace(/\.$/, ''));
      if (hosted) return hosted.fetch(request, client);
      const key = keyIn(request.headers);
      const forwarded_for = request.headers.get('X-Forwarded-For') ?? undefined;
      const keyed = key && (await byKey(key, callerAddress(client.ip, forwarded_for, door.proxy_hops)));
      return (keyed || first.app).fetch(request, client);
    },
  };
}

/** A `Host` as the shops are named: lower case, without port and without the dot that ends a full name. */
function hostIn(header = ''): string {
  return header.toLowerCase().replace(/\.?(?::\d*)?$/, '');
}

/** The key that a request shows, wherever a key may stand; undefined when what stands there cannot be one. */
function keyIn(headers: Headers): string | undefined {
  const bearer = /^Bearer +([^ ]+)$/i.exec(headers.get('Authorization') ?? '')?.[1];
  return [bearer, headers.get('X-API-Key') ?? undefined].find((text) => text !== undefined && readKeyForm(text));
}
