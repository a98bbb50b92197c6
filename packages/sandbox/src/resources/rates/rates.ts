import {
  at,
  child,
  childOrEmpty,
  choice,
  clearable,
  flag,
  has,
  type Input,
  mergeMetadata,
  metadataOf,
  needInteger,
  needText,
  raw,
  text,
} from '../../http/input.ts';
import { listObjects, readFilters, readFlagFilter } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam } from '../../kernel/failure.ts';
import type { ShippingRate, TaxRate } from '../../kernel/kinds.ts';
import { checkCurrency } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';

const BEHAVIORS = ['exclusive', 'inclusive', 'unspecified'] as const;

function createTaxRate(tx: Tx, input: Input): TaxRate {
  const given = String(raw(input, 'percentage') ?? '');
  if (!/^\d{1,3}(\.\d{1,4})?$/.test(given) || Number(given) > 100) {
    throw badParam('percentage', `Invalid percentage: ${given}. Use 0 to 100 with at most 4 decimal places.`);
  }
  const rate = tx.insert('tax_rate', {
    id: tx.ids.next('txr_'),
    object: 'tax_rate',
    active: flag(input, 'active') ?? true,
    country: text(input, 'country') ?? null,
    created: tx.now,
    description: text(input, 'description') ?? null,
    display_name: needText(input, 'display_name'),
    effective_percentage: Number(given),
    flat_amount: null,
    inclusive: flag(input, 'inclusive') === true,
    jurisdiction: text(input, 'jurisdiction') ?? null,
    jurisdiction_level: null,
    livemode: false,
    metadata: metadataOf(input),
    percentage: Number(given),
    rate_type: 'percentage',
    state: text(input, 'state') ?? null,
    tax_type: text(input, 'tax_type') ?? null,
  });
  tx.emit('tax_rate.created', rate);
  return rate;
}

function updateTaxRate(tx: Tx, input: Input, id: string): TaxRate {
  const rate = tx.get('tax_rate', id, 'tax_rate');
  const changes: Partial<TaxRate> = {};
  const metadata = mergeMetadata(input, rate.metadata);
  if (metadata) changes.metadata = metadata;
  const active = flag(input, 'active');
  if (active !== undefined) changes.active = active;
  const name = text(input, 'display_name');
  if (name !== undefined) changes.display_name = name;
  for (const field of ['country', 'description', 'jurisdiction', 'state'] as const) {
    if (has(input, field)) changes[field] = clearable(input, field) ?? null;
  }
  tx.emit('tax_rate.updated', rate, tx.patch(rate, changes));
  return rate;
}

/** A rate of its own, or the inline one of a session. */
export function newShippingRate(tx: Tx, input: Input): ShippingRate {
  const fixed = childOrEmpty(input, 'fixed_amount');
  const options = child(fixed, 'currency_options');
  const currency_options: NonNullable<NonNullable<ShippingRate['fixed_amount']>['currency_options']> = {};
  for (const currency of Object.keys(options?.fields ?? {})) {
    const option = options && child(options, currency);
    if (!option) continue;
    currency_options[checkCurrency(currency, at(option, ''))] = {
      amount: needInteger(option, 'amount', { min: 0 }),
      tax_behavior: choice(option, 'tax_behavior', BEHAVIORS) ?? 'unspecified',
    };
  }
  return tx.insert('shipping_rate', {
    id: tx.ids.next('shr_'),
    object: 'shipping_rate',
    active: true,
    created: tx.now,
    delivery_estimate: readEstimate(child(input, 'delivery_estimate')),
    display_name: needText(input, 'display_name'),
    fixed_amount: {
      amount: needInteger(fixed, 'amount', { min: 0 }),
      currency: checkCurrency(needText(fixed, 'currency'), at(fixed, 'currency')),
      ...(options ? { currency_options } : {}),
    },
    livemode: false,
    metadata: metadataOf(input),
    tax_behavior: choice(input, 'tax_behavior', BEHAVIORS) ?? 'unspecified',
    tax_code: text(input, 'tax_code') ?? null,
    type: choice(input, 'type', ['fixed_amount'] as const) ?? 'fixed_amount',
  });
}

function readEstimate(input: Input | undefined): ShippingRate['delivery_estimate'] {
  if (!input) return null;
  const bound = (name: string) => {
    const given = child(input, name);
    if (!given) return null;
    const unit = choice(given, 'unit', ['business_day', 'day', 'hour', 'month', 'week'] as const) ?? 'day';
    return { unit, value: needInteger(given, 'value', { min: 1 }) };
  };
  return { maximum: bound('maximum'), minimum: bound('minimum') };
}

function updateShippingRate(tx: Tx, input: Input, id: string): ShippingRate {
  const rate = tx.get('shipping_rate', id, 'shipping_rate');
  const metadata = mergeMetadata(input, rate.metadata);
  const active = flag(input, 'active') ?? rate.active;
  const tax_behavior = choice(input, 'tax_behavior', BEHAVIORS) ?? rate.tax_behavior;
  tx.patch(rate, { active, tax_behavior, ...(metadata ? { metadata } : {}) });
  return rate;
}

export const RATE_ROUTES: Route[] = [
  route('POST', '/v1/tax_rates', (tx, input) => createTaxRate(tx, input)),
  route('GET', '/v1/tax_rates/:id', (tx, _, { ids }) => tx.get('tax_rate', ids.id ?? '', 'tax_rate')),
  route('POST', '/v1/tax_rates/:id', (tx, input, { ids }) => updateTaxRate(tx, input, ids.id ?? '')),
  route('GET', '/v1/tax_rates', (tx, input) =>
    listObjects(tx, 'tax_rate', input, {
      url: '/v1/tax_rates',
      where: { active: readFlagFilter(input, 'active'), inclusive: readFlagFilter(input, 'inclusive') },
    }),
  ),
  route('POST', '/v1/shipping_rates', (tx, input) => newShippingRate(tx, input)),
  route('GET', '/v1/shipping_rates/:id', (tx, _, { ids }) => tx.get('shipping_rate', ids.id ?? '', 'shipping_rate')),
  route('POST', '/v1/shipping_rates/:id', (tx, input, { ids }) => updateShippingRate(tx, input, ids.id ?? '')),
  route('GET', '/v1/shipping_rates', (tx, input) =>
    listObjects(tx, 'shipping_rate', input, {
      url: '/v1/shipping_rates',
      where: { ...readFilters(input, 'currency'), active: readFlagFilter(input, 'active') },
    }),
  ),
];
