import {
  at,
  child,
  flag,
  has,
  type Input,
  integer,
  metadataOf,
  needInteger,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import { badParam, missingParam, wrongState } from '../../kernel/failure.ts';
import type { PaymentMethod, Price, Session, TaxRate } from '../../kernel/kinds.ts';
import { checkCurrency } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';
import { newPrice } from '../catalog/prices.ts';
import { newProduct } from '../catalog/products.ts';

export const ITEMS_MAX = 100;
const OPTIONAL_MAX = 10;

/** One thing in the basket, as the session keeps it: the price is the price of that moment. */
export interface Item {
  id: string;
  price: Price;
  /** Minor units for one piece in the session's currency, as a decimal string. */
  unit_decimal: string;
  product: string;
  description: string;
  quantity: number;
  adjustable: { enabled: boolean; minimum: number; maximum: number } | null;
  tax_rates: string[];
  metadata: Record<string, string>;
}

/** What the session keeps for itself; never part of its public object. */
export interface SessionSecrets {
  items: Item[];
  coupon: string | null;
  promotion_code: string | null;
  intent_data: Record<string, unknown>;
  shipping_rate: string | null;
  waits_for_bank: boolean;
  /** The key of the recovery URL after expiry. */
  recovery?: string;
  /** What the shop asked for, without the basket; kept only for a session that may be recovered. */
  asked?: Record<string, unknown>;
  /** Where to return when the buyer has paid, with the template in it. */
  return_to: string | null;
  /** What the buyer types that the named customer gets for good. */
  keeps?: ('address' | 'name' | 'shipping')[];
  /** What the shop said about showing the payment method again, over the rule of the page. */
  allow_redisplay?: NonNullable<PaymentMethod['allow_redisplay']>;
}

export function sessionSecrets(tx: Tx, session: Session): SessionSecrets {
  return tx.hidden(session.id) as unknown as SessionSecrets;
}

/**
 * Reads `line_items`. Inline prices become real ones that cannot be bought again.
 * @param currency the session's currency, or undefined when the first item decides it
 */
export function readItems(
  tx: Tx,
  inputs: Input[],
  mode: string,
  currency?: string,
): { items: Item[]; currency: string } {
  if (inputs.length === 0) throw missingParam('line_items');
  if (inputs.length > ITEMS_MAX) throw badParam('line_items', `A session has at most ${ITEMS_MAX} line items.`);
  let common = currency;
  const items = inputs.map((input) => {
    const item = readItem(tx, input, mode, common);
    common ??= item.currency;
    if (item.currency !== common) {
      throw badParam(at(input, 'price'), `All prices of a session have one currency: ${common} and ${item.currency}.`);
    }
    return item.item;
  });
  return { items, currency: common ?? 'usd' };
}

function readItem(tx: Tx, input: Input, mode: string, currency: string | undefined): { item: Item; currency: string } {
  const inline = child(input, 'price_data');
  if (has(input, 'price') === (inline !== undefined)) {
    if (inline) throw badParam(at(input, 'price'), 'Give either price or price_data for a line item, not both.');
    throw missingParam(at(input, 'price'));
  }
  const price = inline ? inlinePrice(tx, inline) : listedPrice(tx, input);
  if (price.type === 'recurring' && mode === 'payment') {
    throw badParam(at(input, 'price'), 'Recurring prices cannot be bought in payment mode. Use subscription mode.');
  }
  const adjustable = readAdjustable(input);
  const quantity = integer(input, 'quantity', { min: 0, max: 999_999 });
  if (quantity === undefined && price.recurring?.usage_type !== 'metered') throw missingParam(at(input, 'quantity'));
  const count = quantity ?? 1;
  if (count === 0 && !adjustable?.enabled) throw badParam(at(input, 'quantity'), 'The quantity must be at least 1.');
  if (adjustable?.enabled && (count < adjustable.minimum || count > adjustable.maximum)) {
    throw badParam(at(input, 'quantity'), `The quantity must lie in ${adjustable.minimum} to ${adjustable.maximum}.`);
  }
  const product = tx.get('product', price.product);
  const amount = amountIn(tx, price, currency);
  const item: Item = {
    id: tx.ids.next('li_'),
    price,
    unit_decimal: amount.unit_decimal,
    product: product.id,
    description: product.name,
    quantity: count,
    adjustable,
    tax_rates: (texts(input, 'tax_rates') ?? []).map(
      (id, i) => tx.get('tax_rate', id, `${at(input, 'tax_rates')}[${i}]`).id,
    ),
    metadata: metadataOf(input),
  };
  return { item, currency: amount.currency };
}

/** What the page may offer on top. The sandbox's page does not; it is checked and shown again. */
export function readOptional(tx: Tx, inputs: Input[]): NonNullable<Session['optional_items']> {
  if (inputs.length > OPTIONAL_MAX) {
    throw badParam('optional_items', `A session has at most ${OPTIONAL_MAX} optional items.`);
  }
  return inputs.map((input) => ({
    adjustable_quantity: readAdjustable(input),
    price: listedPrice(tx, input).id,
    quantity: needInteger(input, 'quantity', { min: 1, max: 999_999 }),
  }));
}

function listedPrice(tx: Tx, input: Input): Price {
  const price = tx.get('price', needText(input, 'price'), at(input, 'price'));
  if (!price.active) {
    throw wrongState('', `The price ${price.id} is inactive and cannot be bought.`, { param: at(input, 'price') });
  }
  if (tx.find('product', price.product)?.active !== true) {
    throw wrongState('', `The product of the price ${price.id} is inactive.`, { param: at(input, 'price') });
  }
  return price;
}

function inlinePrice(tx: Tx, inline: Input): Price {
  const currency = checkCurrency(needText(inline, 'currency'), at(inline, 'currency'));
  const fresh = child(inline, 'product_data');
  const known = text(inline, 'product');
  if ((fresh === undefined) === (known === undefined)) {
    throw fresh
      ? badParam(at(inline, 'product'), 'Give either product or product_data.')
      : missingParam(at(inline, 'product'));
  }
  const product = fresh
    ? newProduct(tx, fresh, { inline: true }).id
    : tx.get('product', known ?? '', at(inline, 'product')).id;
  return newPrice(tx, inline, { currency, product, active: false });
}

function readAdjustable(input: Input): Item['adjustable'] {
  const given = child(input, 'adjustable_quantity');
  if (!given) return null;
  return {
    enabled: flag(given, 'enabled') === true,
    minimum: integer(given, 'minimum', { min: 0, max: 999_999 }) ?? 0,
    maximum: integer(given, 'maximum', { min: 1, max: 999_999 }) ?? 99,
  };
}

/** A price may have amounts in other currencies; without one for the session's, its own currency speaks. */
function amountIn(tx: Tx, price: Price, currency: string | undefined): { currency: string; unit_decimal: string } {
  const options = tx.hidden(price.id).currency_options as Record<string, { unit_amount_decimal: string }> | undefined;
  const option = currency === undefined || currency === price.currency ? undefined : options?.[currency];
  if (option && currency !== undefined) return { currency, unit_decimal: option.unit_amount_decimal };
  const custom = price.custom_unit_amount;
  const chosen = custom ? String(custom.preset ?? custom.minimum ?? 0) : (price.unit_amount_decimal ?? '0');
  return { currency: price.currency, unit_decimal: chosen };
}

/** The taxes of an item: its own rates, or the one that `automatic_tax` works out. */
export function taxRates(tx: Tx, ids: string[]): TaxRate[] {
  return ids.map((id) => tx.get('tax_rate', id));
}
