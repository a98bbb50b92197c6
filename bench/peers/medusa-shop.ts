/** What is used of Medusa's container: its modules, by name. */
export interface MedusaContainer {
  resolve(name: string): never;
}
type Flow = (container: MedusaContainer) => { run(given: { input: object }): Promise<{ result: unknown }> };
interface Row {
  readonly id: string;
}

/** What a buyer's requests name. */
export interface MedusaShop {
  readonly key: string;
  readonly region: string;
  readonly variant: string;
  readonly shipping: string;
}

/** Its workflows by name, and its modules. */
interface Medusa {
  run<Result>(flow: string, input: object): Promise<Result>;
  readonly container: MedusaContainer;
}

const STOCK = 100_000_000;

/** One product with stock, sold and sent in one country, as the seed of Medusa's own starter does for more of them. */
export async function fillMedusa(requirePeer: NodeJS.Require, container: MedusaContainer): Promise<MedusaShop> {
  const flows = requirePeer('@medusajs/medusa/core-flows') as Readonly<Record<string, Flow>>;
  const run = async <Result>(flow: string, input: object): Promise<Result> => {
    const made = flows[flow];
    if (!made) throw new Error(`Medusa has no ${flow}`);
    return (await made(container).run({ input })).result as Result;
  };
  const medusa: Medusa = { run, container };
  const channels = container.resolve('sales_channel') as { listSalesChannels(): Promise<Row[]> };
  const channel = first(await channels.listSalesChannels());
  const region = first(
    await run<Row[]>('createRegionsWorkflow', {
      regions: [{ name: 'US', currency_code: 'usd', countries: ['us'], payment_providers: ['pp_system_default'] }],
    }),
  );
  await run('createTaxRegionsWorkflow', [{ country_code: 'us', provider_id: 'tp_system' }]);
  const location = first(
    await run<Row[]>('createStockLocationsWorkflow', {
      locations: [{ name: 'Warehouse', address: { city: 'Oakland', country_code: 'US', address_1: '' } }],
    }),
  );
  const key = first(
    await run<(Row & { token: string })[]>('createApiKeysWorkflow', {
      api_keys: [{ title: 'Bench', type: 'publishable', created_by: '' }],
    }),
  );
  const add = [channel.id];
  await run('linkSalesChannelsToStockLocationWorkflow', { id: location.id, add });
  await run('linkSalesChannelsToApiKeyWorkflow', { id: key.id, add });
  const profile = first(
    await run<Row[]>('createShippingProfilesWorkflow', { data: [{ name: 'Default', type: 'default' }] }),
  );
  const shipping = await sendFrom(medusa, location, profile);
  const variant = await sell(medusa, { channel, location, profile });
  return { key: key.token, region: region.id, variant: variant.id, shipping: shipping.id };
}

/** A way to send things from this location, which the seller does by hand. */
async function sendFrom({ run, container }: Medusa, location: Row, profile: Row): Promise<Row> {
  const link = container.resolve('link') as { create(pair: object): Promise<unknown> };
  const fulfillment = container.resolve('fulfillment') as {
    createFulfillmentSets(set: object): Promise<Row & { service_zones: readonly Row[] }>;
  };
  const stock_location = { stock_location_id: location.id };
  await link.create({ stock_location, fulfillment: { fulfillment_provider_id: 'manual_manual' } });
  const set = await fulfillment.createFulfillmentSets({
    ...{ name: 'Sent', type: 'shipping' },
    service_zones: [{ name: 'US', geo_zones: [{ country_code: 'us', type: 'country' }] }],
  });
  await link.create({ stock_location, fulfillment: { fulfillment_set_id: set.id } });
  const options = await run<Row[]>('createShippingOptionsWorkflow', [
    {
      ...{ name: 'Standard', price_type: 'flat', provider_id: 'manual_manual' },
      ...{ service_zone_id: first(set.service_zones).id, shipping_profile_id: profile.id },
      type: { label: 'Standard', description: 'Some days.', code: 'standard' },
      prices: [{ currency_code: 'usd', amount: 5 }],
      rules: [
        { operator: 'eq', attribute: 'enabled_in_store', value: 'true' },
        { operator: 'eq', attribute: 'is_return', value: 'false' },
      ],
    },
  ]);
  return first(options);
}

interface Shelf {
  readonly channel: Row;
  readonly location: Row;
  readonly profile: Row;
}

/** @returns the variant that is bought. */
async function sell({ run, container }: Medusa, { channel, location, profile }: Shelf): Promise<Row> {
  await run('createProductsWorkflow', {
    products: [
      {
        ...{ title: 'Seat', handle: 'seat', status: 'published', weight: 1, shipping_profile_id: profile.id },
        options: [{ title: 'Kind', values: ['Usual'] }],
        variants: [
          {
            ...{ title: 'Usual', sku: 'SEAT', options: { Kind: 'Usual' }, manage_inventory: true },
            prices: [{ amount: 20, currency_code: 'usd' }],
          },
        ],
        sales_channels: [{ id: channel.id }],
      },
    ],
  });
  const inventory = container.resolve('inventory') as { listInventoryItems(): Promise<Row[]> };
  const item = first(await inventory.listInventoryItems());
  const level = { location_id: location.id, stocked_quantity: STOCK, inventory_item_id: item.id };
  await run('createInventoryLevelsWorkflow', { inventory_levels: [level] });
  const product = container.resolve('product') as { listProductVariants(): Promise<Row[]> };
  return first(await product.listProductVariants());
}

function first<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined) throw new Error('Medusa made nothing');
  return item;
}
