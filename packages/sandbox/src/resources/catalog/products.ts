import {
  changed,
  child,
  children,
  clearable,
  flag,
  has,
  type Input,
  mergeMetadata,
  metadataOf,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import { listObjects, readFilters, readFlagFilter } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, wrongState } from '../../kernel/failure.ts';
import type { Product } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { createPrice } from './prices.ts';

const IMAGES_MAX = 8;

/** @param input `product_data` of a price or line item, or the parameters of a product of its own */
export function newProduct(tx: Tx, input: Input, rules: { inline: boolean }): Product {
  const own = text(input, 'id');
  if (own !== undefined && tx.any(own)?.deleted === false) {
    throw wrongState('resource_already_exists', `There is already a product with the id '${own}'.`);
  }
  const images = texts(input, 'images') ?? [];
  if (images.length > IMAGES_MAX) throw badParam('images', `A product has at most ${IMAGES_MAX} images.`);
  return tx.insert('product', {
    id: own ?? tx.ids.next('prod_', 14),
    object: 'product',
    active: rules.inline ? false : (flag(input, 'active') ?? true),
    created: tx.now,
    default_price: null,
    description: clearable(input, 'description') ?? null,
    images,
    livemode: false,
    marketing_features: features(input),
    metadata: metadataOf(input),
    name: needText(input, 'name'),
    package_dimensions: dimensions(input),
    shippable: flag(input, 'shippable') ?? null,
    statement_descriptor: clearable(input, 'statement_descriptor') ?? null,
    tax_code: clearable(input, 'tax_code') ?? null,
    tax_details: null,
    type: 'service',
    unit_label: clearable(input, 'unit_label') ?? null,
    updated: tx.now,
    url: clearable(input, 'url') ?? null,
  });
}

function features(input: Input): Product['marketing_features'] {
  return (children(input, 'marketing_features') ?? []).map((feature) => ({ name: needText(feature, 'name') }));
}

function dimensions(input: Input): Product['package_dimensions'] {
  const given = child(input, 'package_dimensions');
  if (!given) return null;
  const side = (name: string): number => Number(needText(stringly(given), name));
  return { height: side('height'), length: side('length'), weight: side('weight'), width: side('width') };
}

function stringly(input: Input): Input {
  return changed(input, Object.fromEntries(Object.entries(input.fields).map(([k, v]) => [k, String(v)])));
}

function create(tx: Tx, input: Input): Product {
  const product = newProduct(tx, input, { inline: false });
  tx.emit('product.created', product);
  const first = child(input, 'default_price_data');
  if (first) {
    const price = createPrice(tx, changed(first, { product: product.id }));
    tx.patch(product, { default_price: price.id });
  }
  return product;
}

const CLEARABLE = ['description', 'statement_descriptor', 'tax_code', 'unit_label', 'url'] as const;

function update(tx: Tx, input: Input, id: string): Product {
  const product = tx.get('product', id, 'id');
  const changes: Partial<Product> = { updated: tx.now };
  for (const name of CLEARABLE) if (has(input, name)) changes[name] = clearable(input, name) ?? null;
  const name = text(input, 'name');
  if (name !== undefined) changes.name = name;
  const active = flag(input, 'active');
  if (active !== undefined) changes.active = active;
  if (has(input, 'shippable')) changes.shippable = flag(input, 'shippable') ?? null;
  if (has(input, 'images')) changes.images = texts(input, 'images') ?? [];
  if (has(input, 'marketing_features')) changes.marketing_features = features(input);
  if (has(input, 'package_dimensions')) changes.package_dimensions = dimensions(input);
  const metadata = mergeMetadata(input, product.metadata);
  if (metadata) changes.metadata = metadata;
  const price = text(input, 'default_price');
  if (price !== undefined) {
    if (tx.get('price', price, 'default_price').product !== id) {
      throw badParam('default_price', `The price ${price} does not belong to the product ${id}.`);
    }
    changes.default_price = price;
  }
  tx.emit('product.updated', product, tx.patch(product, changes));
  return product;
}

function remove(tx: Tx, id: string): unknown {
  const product = tx.get('product', id, 'id');
  if (tx.every('price', { product: id }).length > 0) {
    throw wrongState('', `The product ${id} cannot be deleted: it has prices. Make it inactive instead.`);
  }
  tx.remove(product);
  tx.emit('product.deleted', product);
  return { id, object: 'product', deleted: true };
}

export const PRODUCT_ROUTES: Route[] = [
  route('POST', '/v1/products', (tx, input) => create(tx, input)),
  route('GET', '/v1/products/:id', (tx, _, { ids }) => tx.get('product', ids.id ?? '', 'id')),
  route('POST', '/v1/products/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('DELETE', '/v1/products/:id', (tx, _, { ids }) => remove(tx, ids.id ?? '')),
  route('GET', '/v1/products', (tx, input) =>
    listObjects(tx, 'product', input, {
      url: '/v1/products',
      where: {
        ...readFilters(input, 'url', 'type'),
        active: readFlagFilter(input, 'active'),
        shippable: readFlagFilter(input, 'shippable'),
      },
      ids: texts(input, 'ids'),
    }),
  ),
];
