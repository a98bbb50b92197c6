import {
  at,
  atMostOne,
  child,
  choice,
  clearable,
  flag,
  has,
  type Input,
  integer,
  mergeMetadata,
  metadataOf,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import { listObjects, readFilters, readFlagFilter } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, missingParam } from '../../kernel/failure.ts';
import type { Price } from '../../kernel/kinds.ts';
import { checkCurrency } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';
import { newProduct } from './products.ts';

const AMOUNT_MAX = 999_999_999_999;
const TAX_BEHAVIORS = ['exclusive', 'inclusive', 'unspecified'] as const;

/** Both spellings of one amount; whole amounts have an integer, fractions of a minor unit only the decimal. */
export function readAmount(input: Input): { unit_amount: number | null; unit_amount_decimal: string } {
  atMostOne(input, 'unit_amount', 'unit_amount_decimal');
  const whole = integer(input, 'unit_amount', { min: 0, max: AMOUNT_MAX });
  if (whole !== undefined) return { unit_amount: whole, unit_amount_decimal: String(whole) };
  const decimal = text(input, 'unit_amount_decimal');
  if (decimal === undefined) throw missingParam(at(input, 'unit_amount'));
  if (!/^\d{1,12}(\.\d{1,12})?$/.test(decimal)) {
    throw badParam(at(input, 'unit_amount_decimal'), `Invalid decimal: ${decimal}. Use at most 12 decimal places.`);
  }
  const short = decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
  return { unit_amount: short.includes('.') ? null : Number(short), unit_amount_decimal: short };
}

export function readRecurring(input: Input): Price['recurring'] {
  const recurring = child(input, 'recurring');
  if (!recurring) return null;
  const interval = choice(recurring, 'interval', ['day', 'month', 'week', 'year'] as const);
  if (!interval) throw missingParam(at(recurring, 'interval'));
  return {
    interval,
    interval_count: integer(recurring, 'interval_count', { min: 1, max: 1095 }) ?? 1,
    meter: clearable(recurring, 'meter') ?? null,
    trial_period_days: integer(recurring, 'trial_period_days', { min: 1 }) ?? null,
    usage_type: choice(recurring, 'usage_type', ['licensed', 'metered'] as const) ?? 'licensed',
  };
}

export interface PriceDraft {
  /** An id of the caller's own choice, for seeded prices. */
  id?: string;
  currency: string;
  product: string;
  active: boolean;
}

/** The object of a price, from `price_data` or from the parameters of a price of its own. */
export function newPrice(tx: Tx, input: Input, draft: PriceDraft): Price {
  const recurring = readRecurring(input);
  const custom = child(input, 'custom_unit_amount');
  const enabled = custom && flag(custom, 'enabled') === true;
  const amount = enabled ? { unit_amount: null, unit_amount_decimal: null } : readAmount(input);
  const price: Price = {
    id: draft.id ?? tx.ids.next('price_'),
    object: 'price',
    active: draft.active,
    billing_scheme: choice(input, 'billing_scheme', ['per_unit', 'tiered'] as const) ?? 'per_unit',
    created: tx.now,
    currency: draft.currency,
    custom_unit_amount: enabled
      ? {
          maximum: integer(custom, 'maximum', { min: 1 }) ?? null,
          minimum: integer(custom, 'minimum', { min: 1 }) ?? null,
          preset: integer(custom, 'preset', { min: 0 }) ?? null,
        }
      : null,
    livemode: false,
    lookup_key: text(input, 'lookup_key') ?? null,
    metadata: metadataOf(input),
    nickname: clearable(input, 'nickname') ?? null,
    product: draft.product,
    recurring,
    tax_behavior: choice(input, 'tax_behavior', TAX_BEHAVIORS) ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: recurring ? 'recurring' : 'one_time',
    ...amount,
  };
  if (price.billing_scheme === 'tiered') throw badParam(at(input, 'billing_scheme'), 'Tiers are not in the sandbox.');
  return tx.insert('price', price, { currency_options: currencyOptions(input) });
}

function currencyOptions(input: Input): Record<string, unknown> {
  const given = child(input, 'currency_options');
  if (!given) return {};
  const options = Object.keys(given.fields).map((currency) => {
    const option = child(given, currency) ?? { path: at(given, currency), fields: {} };
    const tax_behavior = choice(option, 'tax_behavior', TAX_BEHAVIORS) ?? 'unspecified';
    checkCurrency(currency, at(given, currency));
    return [currency, { custom_unit_amount: null, tax_behavior, ...readAmount(option) }];
  });
  return Object.fromEntries(options);
}

export function createPrice(tx: Tx, input: Input): Price {
  atMostOne(input, 'product', 'product_data');
  const currency = checkCurrency(needText(input, 'currency'), at(input, 'currency'));
  const key = text(input, 'lookup_key');
  const holders = key === undefined ? [] : tx.every('price', { lookup_keys: key }).filter((price) => price.active);
  if (holders.length > 0 && flag(input, 'transfer_lookup_key') !== true) {
    throw badParam('lookup_key', `Another active price already has the lookup key '${key}'.`);
  }
  for (const holder of holders) tx.patch(holder, { lookup_key: null });
  const price = newPrice(tx, input, { currency, product: productOf(tx, input), active: flag(input, 'active') ?? true });
  tx.emit('price.created', price);
  return price;
}

function productOf(tx: Tx, input: Input): string {
  const given = text(input, 'product');
  if (given !== undefined) return tx.get('product', given, at(input, 'product')).id;
  const inline = child(input, 'product_data');
  if (!inline) throw missingParam(at(input, 'product'));
  const product = newProduct(tx, inline, { inline: false });
  tx.emit('product.created', product);
  return product.id;
}

function update(tx: Tx, input: Input, id: string): Price {
  const price = tx.get('price', id, 'id');
  const changes: Partial<Price> = {};
  const active = flag(input, 'active');
  if (active !== undefined) changes.active = active;
  if (has(input, 'nickname')) changes.nickname = clearable(input, 'nickname') ?? null;
  if (has(input, 'lookup_key')) changes.lookup_key = clearable(input, 'lookup_key') ?? null;
  const metadata = mergeMetadata(input, price.metadata);
  if (metadata) changes.metadata = metadata;
  const behavior = choice(input, 'tax_behavior', TAX_BEHAVIORS);
  if (behavior !== undefined && behavior !== price.tax_behavior) {
    if (price.tax_behavior !== 'unspecified') throw badParam('tax_behavior', 'A tax behavior is set once only.');
    changes.tax_behavior = behavior;
  }
  if (has(input, 'currency_options')) {
    tx.hidden(id).currency_options = { ...(tx.hidden(id).currency_options as object), ...currencyOptions(input) };
  }
  tx.emit('price.updated', price, tx.patch(price, changes));
  return price;
}

function recurringFilters(input: Input | undefined): Record<string, string | undefined> {
  const part = (name: string): string | undefined => input && text(input, name);
  return {
    'recurring[interval]': part('interval'),
    'recurring[meter]': part('meter'),
    'recurring[usage_type]': part('usage_type'),
  };
}

export const PRICE_ROUTES: Route[] = [
  route('POST', '/v1/prices', (tx, input) => createPrice(tx, input)),
  route('GET', '/v1/prices/:id', (tx, _, { ids }) => tx.get('price', ids.id ?? '', 'price')),
  route('POST', '/v1/prices/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('GET', '/v1/prices', (tx, input) =>
    listObjects(tx, 'price', input, {
      url: '/v1/prices',
      where: {
        ...readFilters(input, 'product', 'currency', 'type'),
        active: readFlagFilter(input, 'active'),
        lookup_keys: texts(input, 'lookup_keys'),
        ...recurringFilters(child(input, 'recurring')),
      },
    }),
  ),
];
