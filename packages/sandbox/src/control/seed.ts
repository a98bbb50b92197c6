import { newPrice } from '../resources/catalog/prices.ts';
import { newProduct } from '../resources/catalog/products.ts';
import type { Tx } from '../store/tx.ts';

/** Things a shop expects to find in its account, under ids of its own choice. */
export interface SeedRequest {
  /** Whose they are to be; default `acct_sandbox`. */
  account?: string;
  products?: { id: string; name: string; description?: string }[];
  prices?: {
    id: string;
    currency: string;
    unit_amount: number;
    /** Either a product that exists, or the name of one to be made. */
    product?: string;
    product_name?: string;
    lookup_key?: string;
  }[];
}

/** Makes what is not there yet; the same seed twice changes nothing. Emits no events. */
export function seed(tx: Tx, request: SeedRequest): void {
  for (const product of request.products ?? []) {
    if (!tx.find('product', product.id)) newProduct(tx, { path: '', fields: { ...product } }, { inline: false });
  }
  for (const price of request.prices ?? []) {
    if (tx.find('price', price.id)) continue;
    const { id, product, product_name, ...fields } = price;
    const owner = product ?? productNamed(tx, id, product_name ?? id);
    newPrice(tx, { path: '', fields }, { id, currency: price.currency, product: owner, active: true });
  }
}

function productNamed(tx: Tx, price: string, name: string): string {
  const id = `prod_${price.replace(/^price_/, '')}`;
  return tx.find('product', id)?.id ?? newProduct(tx, { path: '', fields: { id, name } }, { inline: false }).id;
}
