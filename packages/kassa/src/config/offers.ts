import { KassaError } from '../kernel/errors.ts';
import { fromTypeId } from '../kernel/ids.ts';
import { checkChargeable } from '../kernel/money.ts';
import { ConfigError, nearestHint } from './config-error.ts';
import type { OfferSettings, PractitionerSettings, PriceSettings } from './settings.ts';
import { instantOf } from './times.ts';
import type { ParsedConfig, ParsedOffer } from './written/schema.ts';
import type { Money } from './written/types.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The catalogue as it is stored: one row for each entry, references resolved to keys, every time and price exact.
 * @throws ConfigError for a reference to nothing, for an id or price that two entries share, for impossible bounds.
 */
export function readOffers(config: ParsedConfig): OfferSettings[] {
  const offers = Object.entries(config.catalog).map(([key, written]) => readOffer(key, written, config));
  once(
    offers.map((offer) => [offer.key, offer.external_id]),
    'externalId',
  );
  once(
    offers.flatMap((offer) => (offer.id === null ? [] : [[offer.key, offer.id] as const])),
    'id',
  );
  once(
    offers.flatMap((offer) =>
      offer.prices.flatMap((price) =>
        price.stripe_price_id === null ? [] : [[offer.key, price.stripe_price_id] as const],
      ),
    ),
    'stripePrice',
  );
  return offers;
}

/**
 * Everybody who appears in an appointment, once.
 * @throws ConfigError when one id has two names.
 */
export function readPractitioners(config: ParsedConfig): PractitionerSettings[] {
  const people = new Map<string, PractitionerSettings>();
  for (const [key, written] of Object.entries(config.catalog)) {
    for (const person of written.kind === 'appointment' ? written.practitioners : []) {
      const known = people.get(person.id);
      if (known && known.name !== person.name) {
        throw wrong(
          `catalog.${key}.practitioners`,
          `gives ${person.id} another name than before; one id is one person`,
        );
      }
      people.set(person.id, { external_id: person.id, name: person.name });
    }
  }
  return [...people.values()];
}

function readOffer(key: string, written: ParsedOffer, config: ParsedConfig): OfferSettings {
  const where = `catalog.${key}`;
  const zone = written.kind === 'ticket' ? (written.timeZone ?? config.timeZone) : null;
  const starts = written.kind === 'ticket' ? written.startsAt : undefined;
  return {
    key,
    id: written.id === undefined ? null : uuidOf(`${where}.id`, written.id),
    external_id: written.externalId ?? key,
    kind: written.kind,
    name: written.name,
    description: written.description ?? null,
    prices: pricesOf(where, written),
    capacity: 'capacity' in written ? (written.capacity ?? null) : null,
    max_per_order: written.kind === 'custom_amount' || written.kind === 'appointment' ? 1 : written.maxPerOrder,
    hold_ms: written.hold,
    hold_at: written.kind === 'ticket' ? written.holdAt : 'session',
    when_late: written.whenLate,
    tax_class: taxClassOf(where, written.taxClass, config.tax),
    starts_at: starts === undefined ? null : startOf(`${where}.startsAt`, starts, zone ?? 'UTC'),
    time_zone: zone,
    duration_ms: written.kind === 'appointment' ? written.duration : null,
    buffer_ms: written.kind === 'appointment' ? written.buffer : 0,
    practitioners: written.kind === 'appointment' ? written.practitioners.map((person) => person.id) : [],
    children: childrenOf(where, key, written, config),
    grants: grantsOf(where, written, config),
    recurring:
      written.kind === 'plan'
        ? { interval: written.every, interval_count: written.count, trial_ms: written.trial }
        : null,
  };
}

function pricesOf(where: string, written: ParsedOffer): PriceSettings[] {
  const amounts = written.kind === 'custom_amount' ? written.min : written.price;
  const stripe_ids = stripePricesOf(where, written, amounts);
  return amounts.map((amount) => {
    const { currency } = amount;
    const stripe_price_id = stripe_ids.get(currency) ?? null;
    if (written.kind !== 'custom_amount') {
      return { currency, unit_minor: amount.amount_minor, minimum_minor: null, maximum_minor: null, stripe_price_id };
    }
    const { minimum_minor, maximum_minor } = boundsOf(where, amount, written.max);
    return { currency, unit_minor: null, minimum_minor, maximum_minor, stripe_price_id };
  });
}

/**
 * The pair of bounds for the currency of `least`.
 * @throws ConfigError when a bound is missing, cannot be charged, or is above the other.
 */
export function boundsOf(
  where: string,
  least: Money,
  most: readonly Money[],
): { currency: string; minimum_minor: number; maximum_minor: number } {
  const { currency } = least;
  const maximum_minor = most.find((amount) => amount.currency === currency)?.amount_minor;
  if (maximum_minor === undefined) throw wrong(`${where}.max`, `has no amount in ${currency}, but min has`);
  if (maximum_minor < least.amount_minor) throw wrong(`${where}.max`, `is below min in ${currency}`);
  const minimum_minor = least.amount_minor;
  if (minimum_minor === 0) throw wrong(`${where}.min`, 'must be more than 0');
  for (const [name, amount_minor] of Object.entries({ min: minimum_minor, max: maximum_minor })) {
    try {
      checkChargeable(amount_minor, currency);
    } catch (error) {
      if (error instanceof KassaError)
        throw wrong(`${where}.${name}`, `cannot be charged: ${error.message.replace(/\.$/, '')}`);
      throw error;
    }
  }
  return { currency, minimum_minor, maximum_minor };
}

function stripePricesOf(where: string, written: ParsedOffer, amounts: readonly Money[]): Map<string, string> {
  const { stripePrice } = written;
  if (stripePrice === undefined) return new Map();
  if (written.kind === 'custom_amount')
    throw wrong(`${where}.stripePrice`, 'does not fit a customAmount: its amount is chosen later');
  if (typeof stripePrice === 'string') return new Map([[amounts[0]?.currency ?? '', stripePrice]]);
  for (const currency of Object.keys(stripePrice)) {
    if (!amounts.some((amount) => amount.currency === currency)) {
      throw wrong(`${where}.stripePrice`, `names ${JSON.stringify(currency)}, in which the offer has no price`);
    }
  }
  return new Map(Object.entries(stripePrice));
}

function childrenOf(where: string, key: string, written: ParsedOffer, config: ParsedConfig): OfferSettings['children'] {
  if (written.kind !== 'package') return [];
  const included = Object.entries(written.includes).map(([offer, quantity]) => ({
    offer,
    quantity,
    required: true,
    selected: true,
  }));
  const optional = Object.entries(written.optional).map(([offer, part]) => {
    const { quantity, selected } = typeof part === 'number' ? { quantity: part, selected: false } : part;
    return { offer, quantity, required: false, selected };
  });
  if (included.length + optional.length === 0) throw wrong(`${where}.includes`, 'is empty: a package has parts');
  for (const [field, part] of [
    ...included.map((each) => ['includes', each] as const),
    ...optional.map((each) => ['optional', each] as const),
  ]) {
    const child = productOf(`${where}.${field}`, part.offer, config);
    if (part.offer === key || child.kind === 'package' || child.kind === 'plan' || child.kind === 'custom_amount') {
      throw wrong(
        `${where}.${field}`,
        `cannot contain ${part.offer}: parts are items, tickets, appointments and bundles`,
      );
    }
    if (field === 'optional' && part.offer in written.includes)
      throw wrong(`${where}.optional`, `names ${part.offer}, which is included`);
  }
  return [...included, ...optional];
}

function grantsOf(where: string, written: ParsedOffer, config: ParsedConfig): OfferSettings['grants'] {
  if (written.kind !== 'bundle') return [];
  const expires_after_ms = written.expires ?? null;
  const grants = Object.entries(written.credits).map(([offer, amount]) => {
    const { kind } = productOf(`${where}.credits`, offer, config);
    if (kind === 'bundle' || kind === 'plan' || kind === 'custom_amount') {
      throw wrong(
        `${where}.credits`,
        `cannot grant ${offer}: credits are for items, tickets, appointments and packages`,
      );
    }
    return { offer, currency: null, amount, expires_after_ms };
  });
  const money = written.creditMoney;
  if (money?.amount_minor === 0) throw wrong(`${where}.creditMoney`, 'must be more than 0');
  const granted = money
    ? [{ offer: null, currency: money.currency, amount: money.amount_minor, expires_after_ms }]
    : [];
  if (grants.length + granted.length === 0) throw wrong(where, 'grants nothing: set credits or creditMoney');
  return [...grants, ...granted];
}

/**
 * The entry of the catalogue that a setting names.
 * @throws ConfigError with the nearest key.
 */
export function productOf(where: string, key: string, config: ParsedConfig): ParsedOffer {
  const found = Object.hasOwn(config.catalog, key) ? config.catalog[key] : undefined;
  if (found) return found;
  throw wrong(
    where,
    `names ${JSON.stringify(key)}, which is not in the catalog${nearestHint(key, Object.keys(config.catalog))}`,
  );
}

function taxClassOf(where: string, written: string | undefined, tax: ParsedConfig['tax']): string | null {
  if (written === 'none') return null;
  if (written === undefined) return Object.hasOwn(tax, 'standard') ? 'standard' : null;
  if (!Object.hasOwn(tax, written))
    throw wrong(
      `${where}.taxClass`,
      `names ${JSON.stringify(written)}, which is not in tax${nearestHint(written, Object.keys(tax))}`,
    );
  return written;
}

function uuidOf(where: string, written: string): string {
  const uuid = UUID.test(written)
    ? written
    : fromTypeId(written.slice(0, Math.max(0, written.lastIndexOf('_'))), written);
  if (uuid === undefined) throw wrong(where, 'must be a lower-case UUID or a TypeID');
  return uuid;
}

function startOf(where: string, local: string, zone: string): Date {
  try {
    return instantOf(local, zone);
  } catch (error) {
    if (error instanceof ConfigError) throw wrong(where, `cannot be used: ${error.message.replace(/\.$/, '')}`);
    throw error;
  }
}

function once(pairs: readonly (readonly [key: string, value: string])[], field: string): void {
  const owners = new Map<string, string>();
  for (const [key, value] of pairs) {
    const owner = owners.get(value);
    if (owner !== undefined)
      throw wrong(`catalog.${key}.${field}`, `is also that of catalog.${owner}; each offer needs its own`);
    owners.set(value, key);
  }
}

function wrong(where: string, what: string): ConfigError {
  return new ConfigError(`${where} ${what}${what.endsWith('?') ? '' : '.'}`);
}
