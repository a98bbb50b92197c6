import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Bench, planFor } from '../../driver/bench.ts';
import { countOf, differs } from '../../driver/invariants.ts';
import type { Target } from '../../driver/rounds.ts';
import type { Step } from '../../load/journey.ts';
import { answered } from '../../load/plan.ts';

/** So many buy at once: more would only wait in line, at programs that need a tenth of a second and more for an order. */
export const BUYERS = 8;
/** Code that runs once for an order is compiled late when orders are slow. */
const WARM_UP_S = 20;
/** A first order of a cold program, with seven others beside it. */
const PATIENCE_MS = 120_000;
const NUMBERS_OF_A_SLICE = 1_000_000;

/** A program in which a cart becomes an order. */
export interface OrderPeer {
  readonly name: string;
  /** Its folder below that of the peers, and its file in bench/peers. */
  readonly key: string;
  /** What must be there to say that it is installed. */
  readonly package: string;
  /** Orders that are placed and have their money, as its own tables say. */
  readonly paid: string;
}

export const VENDURE: OrderPeer = {
  ...{ name: 'Vendure', key: 'vendure', package: '@vendure/core' },
  paid: `"order" where state = 'PaymentSettled' and not active
    and exists (select from payment where payment."orderId" = "order".id and payment.state = 'Settled')`,
};
export const MEDUSA: OrderPeer = {
  ...{ name: 'Medusa', key: 'medusa', package: '@medusajs/medusa' },
  paid: `"order" join order_payment_collection of_order on of_order.order_id = "order".id
    join payment_collection on payment_collection.id = of_order.payment_collection_id
    where payment_collection.status = 'authorized' and payment_collection.authorized_amount >= 20`,
};

export function isInstalled(bench: Bench, peer: OrderPeer): boolean {
  return bench.peers !== null && existsSync(join(bench.peers, peer.key, 'node_modules', ...peer.package.split('/')));
}

/** Starts it on a database of its own, of the same Postgres, and has it sell for a while. */
export async function openOrderPeer(bench: Bench, peer: OrderPeer): Promise<Target & { close(): Promise<void> }> {
  const name = `bench_${peer.key}`;
  await bench.ground.reference.query(`create database ${name}`);
  const url = bench.ground.reference_url.replace('bench_reference', name);
  bench.say(`  ${peer.name}: made and filled by its own means, which takes a minute`);
  const server = await bench.startPeer(`peers/${peer.key}.ts`, {
    BENCH_PEER_FOLDER: join(bench.peers ?? '', peer.key),
    BENCH_DATABASE_URL: url,
  });
  const journey = (await server.ask({})) as readonly Step[];
  const db = new Client({ connectionString: url });
  await db.connect();
  let first = 0;
  let paid_before = 0;
  const plan = () => {
    first += NUMBERS_OF_A_SLICE;
    return planFor(bench, server, { journey, first, connections: BUYERS, patience_ms: PATIENCE_MS });
  };
  await bench.driver.run({ ...plan(), seconds: WARM_UP_S });
  return {
    name: peer.name,
    server,
    async prepare() {
      await db.query('analyze');
      paid_before = await countOf(db, peer.paid);
    },
    plan,
    async check(result) {
      const paid = (await countOf(db, peer.paid)) - paid_before;
      return differs(`orders of ${peer.name} that are paid, and ways gone to their end`, paid, answered(result, 200));
    },
    close: () => db.end(),
  };
}
