import { fromTypeId } from '../kernel/ids.ts';
import { ConfigError, nearestHint } from './config-error.ts';
import { boundsOf, childrenOf, grantsOf, wrong } from './offer-parts.ts';
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
    children: childrenOf(where, written, config),
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
