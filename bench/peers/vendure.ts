// Vendure as its own installer sets it up, with Postgres and its dummy payment: filled with one product, then served. The
// packages are those that stand in the folder of peers; nothing of them is in this repository.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Step } from '../load/journey.ts';

/** What is used of it. */
interface Core {
  readonly bootstrap: (config: object) => Promise<App>;
  readonly DefaultLogger: new (options: { readonly level: number }) => object;
  readonly dummyPaymentHandler: object;
  readonly DefaultJobQueuePlugin: { init(options: object): object };
  readonly DefaultSearchPlugin: { init(options: object): object };
}
interface Cli {
  readonly populate: (start: () => Promise<App>, initial: object, products: string) => Promise<App>;
}
interface App {
  getHttpServer(): { address(): AddressInfo };
  close(): Promise<void>;
}

const { BENCH_PEER_FOLDER = '', BENCH_DATABASE_URL = '' } = process.env;
process.env.VENDURE_DISABLE_TELEMETRY = 'true';
// It keeps files of its own where it is started.
process.chdir(BENCH_PEER_FOLDER);
const requirePeer = createRequire(join(BENCH_PEER_FOLDER, 'package.json'));
const core = requirePeer('@vendure/core') as Core;
const { bootstrap, DefaultLogger, dummyPaymentHandler, DefaultJobQueuePlugin, DefaultSearchPlugin } = core;
const { populate } = requirePeer('@vendure/core/cli') as Cli;

const LOG_ERRORS = 0;
const configOf = (synchronize: boolean): object => ({
  apiOptions: { port: 0, hostname: '127.0.0.1', adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
  authOptions: {
    tokenMethod: ['bearer', 'cookie'],
    superadminCredentials: { identifier: 'bench', password: 'only-this-bench-knows-it' },
    cookieOptions: { secret: 'signs the buyers of the bench, and nobody else' },
  },
  // Ten connections, as R has them.
  dbConnectionOptions: { type: 'postgres', url: BENCH_DATABASE_URL, synchronize, logging: false, extra: { max: 10 } },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [
    DefaultJobQueuePlugin.init({ useDatabaseForBuffer: true }),
    DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: true }),
  ],
  logger: new DefaultLogger({ level: LOG_ERRORS }),
  importExportOptions: { importAssetsDir: tmpdir() },
});

/** As the installer's own sample data, of which this is a part; only that a payment is settled at once. */
const INITIAL = {
  defaultLanguage: 'en',
  defaultZone: 'Europe',
  taxRates: [
    { name: 'Standard Tax', percentage: 20 },
    { name: 'Reduced Tax', percentage: 10 },
    { name: 'Zero Tax', percentage: 0 },
  ],
  shippingMethods: [
    { name: 'Standard Shipping', price: 500 },
    { name: 'Express Shipping', price: 1000 },
  ],
  paymentMethods: [
    {
      name: 'Standard Payment',
      handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'true' }] },
    },
  ],
  countries: [
    { name: 'Germany', code: 'DE', zone: 'Europe' },
    { name: 'United States of America', code: 'US', zone: 'Americas' },
  ],
  collections: [],
};
const PRODUCTS = `name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets
Seat,seat,A seat.,,,,,SEAT,20.00,standard,100000000,true,,
`;

function mutation(text: string, expect: Readonly<Record<string, string>>): Step {
  const headers = { Authorization: 'Bearer {token}' };
  return {
    method: 'POST',
    path: '/shop-api',
    headers,
    body: JSON.stringify({ query: `mutation { ${text} }` }),
    expect,
  };
}
const ORDER = '... on Order { id code state totalWithTax } ... on ErrorResult { errorCode message }';
const inOrder = (field: string) => ({ [`data.${field}.__typename`]: 'Order' });

/** The ids are those of a database in which there is one product. */
const STEPS: readonly Step[] = [
  {
    ...mutation(
      `addItemToOrder(productVariantId: "1", quantity: 1) { __typename ${ORDER} }`,
      inOrder('addItemToOrder'),
    ),
    headers: {},
    keep: { token: 'header:vendure-auth-token' },
  },
  mutation(
    `setCustomerForOrder(input: { firstName: "Ann", lastName: "Example", emailAddress: "ann{n}@example.com" }) { __typename ${ORDER} }`,
    inOrder('setCustomerForOrder'),
  ),
  mutation(
    `setOrderShippingAddress(input: { fullName: "Ann Example", streetLine1: "1 Street", city: "Berlin", postalCode: "10115", countryCode: "DE" }) { __typename ${ORDER} }`,
    inOrder('setOrderShippingAddress'),
  ),
  mutation(
    `setOrderShippingMethod(shippingMethodId: ["1"]) { __typename ${ORDER} }`,
    inOrder('setOrderShippingMethod'),
  ),
  mutation(`transitionOrderToState(state: "ArrangingPayment") { __typename ${ORDER} }`, {
    'data.transitionOrderToState.state': 'ArrangingPayment',
  }),
  mutation(`addPaymentToOrder(input: { method: "standard-payment", metadata: {} }) { __typename ${ORDER} }`, {
    'data.addPaymentToOrder.state': 'PaymentSettled',
  }),
];

const products = join(tmpdir(), `kassa-bench-vendure-${process.pid}.csv`);
writeFileSync(products, PRODUCTS);
const filling = await populate(() => bootstrap(configOf(true)), INITIAL, products);
await filling.close();
const app = await bootstrap(configOf(false));
process.on('SIGTERM', () => process.exit(0));
process.on('message', () => process.send?.(STEPS));
process.send?.({ ready: true, port: app.getHttpServer().address().port });
