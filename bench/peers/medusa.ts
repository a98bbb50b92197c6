// Medusa as `medusa start` serves it, with Postgres, its system payment and everything else in memory: migrated, filled
// with one product, then served. The packages are those that stand in the folder of peers; nothing of them is in this
// repository.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Step } from '../load/journey.ts';
import { fillMedusa, type MedusaContainer, type MedusaShop } from './medusa-shop.ts';

type Load = (options: object) => Promise<{ readonly container: MedusaContainer }>;

const { BENCH_PEER_FOLDER = '', BENCH_DATABASE_URL = '' } = process.env;
const requirePeer = createRequire(join(BENCH_PEER_FOLDER, 'package.json'));

/** It reads its settings from a file in the folder from which it is started. */
const CONFIG = `// Written by Kassa's bench each time it starts Medusa.
const { defineConfig } = require('@medusajs/framework/utils');
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false }, pool: { min: 0, max: 10 } },
    http: {
      storeCors: 'https://shop.example',
      adminCors: 'https://shop.example',
      authCors: 'https://shop.example',
      jwtSecret: 'only-this-bench-knows-it',
      cookieSecret: 'only-this-bench-knows-it',
    },
  },
});
`;

function stepsOf(shop: MedusaShop): readonly Step[] {
  const post = (path: string, body: object, more: Partial<Step> = {}): Step => ({
    method: 'POST',
    path: `/store${path}`,
    headers: { 'x-publishable-api-key': shop.key },
    body: JSON.stringify(body),
    ...more,
  });
  const address = {
    ...{ first_name: 'Ann', last_name: 'Example', address_1: '1 Street', city: 'San Francisco' },
    ...{ postal_code: '94107', country_code: 'us' },
  };
  return [
    post('/carts', { region_id: shop.region }, { keep: { cart: 'cart.id' } }),
    post('/carts/{cart}/line-items', { variant_id: shop.variant, quantity: 1 }),
    post('/carts/{cart}', { email: 'ann{n}@example.com', shipping_address: address, billing_address: address }),
    post('/carts/{cart}/shipping-methods', { option_id: shop.shipping }),
    post('/payment-collections', { cart_id: '{cart}' }, { keep: { payment: 'payment_collection.id' } }),
    post('/payment-collections/{payment}/payment-sessions', { provider_id: 'pp_system_default' }),
    post('/carts/{cart}/complete', {}, { expect: { type: 'order' } }),
  ];
}

process.env.DATABASE_URL = BENCH_DATABASE_URL;
process.env.MEDUSA_DISABLE_TELEMETRY = 'true';
process.env.LOG_LEVEL = 'error';
process.chdir(BENCH_PEER_FOLDER);
writeFileSync(join(BENCH_PEER_FOLDER, 'medusa-config.js'), CONFIG);
await promisify(execFile)(process.execPath, [requirePeer.resolve('@medusajs/cli/cli.js'), 'db:migrate'], {
  cwd: BENCH_PEER_FOLDER,
  maxBuffer: 100_000_000,
});

const { default: load } = requirePeer('@medusajs/medusa/loaders/index') as { default: Load };
const express = requirePeer('express') as () => RequestListener;
const app = express();
const { container } = await load({ directory: BENCH_PEER_FOLDER, expressApp: app });
const steps = stepsOf(await fillMedusa(requirePeer, container));

const server = createServer(app);
server.listen(0, '127.0.0.1', () => {
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', () => process.send?.(steps));
  process.send?.({ ready: true, port: (server.address() as AddressInfo).port });
});
