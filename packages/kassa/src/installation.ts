import type { Settings } from './config.ts';
import { type ClaimedTimer, type Database, poolCounts } from './database/index.ts';
import { recognizeKey } from './domain/keys/index.ts';
import { tenantOf } from './domain/reports/index.ts';
import type { BuiltHouse } from './house-of.ts';
import type { Limits } from './http/limits.ts';
import { createPressure, SHED_AT } from './http/pressure.ts';
import { createHttp, type HttpApp } from './http/server.ts';
import { byTenant } from './http/tenants.ts';
import type { InboxDesk } from './inbox/drain.ts';
import { eventStore, receiveForAny } from './inbox/receive.ts';
import type { OutboxDesk } from './outbox/desk.ts';
import { systemUse } from './system.ts';
import { measuresOf } from './wiring/measures-of.ts';
import { underPressure } from './wiring/under-pressure.ts';
import type { TimerRound } from './workflows/run-timers.ts';
import { sharedRound } from './workflows/shared-round.ts';

/** One shop of the installation, put together. */
export interface BuiltShop {
  readonly settings: Settings;
  readonly built: BuiltHouse;
}

/** Several shops on one database as one: each worker and the HTTP hand on what belongs to which. */
export interface Installation {
  readonly http: HttpApp;
  readonly inbox: InboxDesk;
  readonly outbox: OutboxDesk;
  readonly timers: TimerRound<ClaimedTimer>;
}

/**
 * Puts shops together that share a database, the first one being the one for everything that names no other.
 * @param webhook_db connections that nothing but webhooks uses.
 */
export function installationOf(
  shops: readonly [BuiltShop, ...BuiltShop[]],
  webhook_db: Database,
  limits: Limits,
): Installation {
  const [{ settings, built }] = shops;
  const { house } = built;
  const of = <Part>(part: (built: BuiltHouse) => Part): Map<string, Part> =>
    new Map(shops.map((shop) => [shop.built.house.shop.tenant_id, part(shop.built)]));
  const houses = shops.map((shop) => shop.built.house);
  const events = { batches: 0, events: 0, rows_max: 0 };
  const store = eventStore(webhook_db, events, house.log);
  const hearing = houses.map((one) => ({ ...one, db: webhook_db }));
  const pressure = createPressure(SHED_AT, () => {
    const unwritten = houses.reduce((sum, { shared }) => sum + (shared?.waiting() ?? 0), 0);
    return poolCounts(house.db).waiting + unwritten;
  });
  const { version } = built.http.settings;
  const pools = { requests: house.db, webhooks: webhook_db, workers: built.inbox.house.db };
  const measured = { houses, pools, pressure, events, use: systemUse, version };
  const apps = shops.map((shop, index) => ({
    tenant_id: shop.built.house.shop.tenant_id,
    hosts: shop.settings.tenant.hosts,
    app: createHttp({
      ...underPressure(shop.built.http, pressure),
      // The webhook's paths are the same at every host, and what signed an event says whose it is.
      receive: (raw, signature) => receiveForAny(hearing, store, raw, signature),
      // They are of all shops together, so they are told at the first one's address alone.
      ...(index === 0 ? { readMeasures: () => measuresOf(measured) } : {}),
    }),
  }));
  return {
    http: byTenant(apps, {
      clock: house.clock,
      limits,
      proxy_hops: settings.proxy_hops,
      tenantOfKey: async (key) => (await recognizeKey(house.db, house.shop.mode, key, house.clock.now()))?.tenant_id,
    }),
    inbox: { ...built.inbox, houses: of((one) => one.inbox.house) },
    outbox: { ...built.outbox, desks: of((one) => one.outbox) },
    timers: sharedRound(
      of((one) => one.timers),
      (subject) => tenantOf(built.inbox.house.db, subject),
    ),
  };
}
