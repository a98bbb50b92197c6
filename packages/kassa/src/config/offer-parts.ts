import { KassaError } from '../kernel/errors.ts';
import { checkChargeable } from '../kernel/money.ts';
import { ConfigError, nearestHint } from './config-error.ts';
import type { OfferSettings } from './settings.ts';
import type { ParsedConfig, ParsedOffer } from './written/schema.ts';
import type { Money } from './written/types.ts';

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

/**
 * What a package consists of.
 * @throws ConfigError for a part that is not there, is named twice, or cannot be part of a package.
 */
export function childrenOf(where: string, written: ParsedOffer, config: ParsedConfig): OfferSettings['children'] {
  if (written.kind !== 'package') return [];
  const included = Object.entries(written.includes).map(([offer, quantity]) => {
    return { offer, quantity, required: true, selected: true };
  });
  const optional = Object.entries(written.optional).map(([offer, part]) => {
    const { quantity, selected } = typeof part === 'number' ? { quantity: part, selected: false } : part;
    return { offer, quantity, required: false, selected };
  });
  if (included.length + optional.length === 0) throw wrong(`${where}.includes`, 'is empty: a package has parts');
  for (const { offer, required } of [...included, ...optional]) {
    const field = `${where}.${required ? 'includes' : 'optional'}`;
    // Refusing packages also refuses a package that contains itself, directly or around a corner.
    if (['package', 'plan', 'custom_amount'].includes(productOf(field, offer, config).kind)) {
      throw wrong(field, `cannot contain ${offer}: parts are items, tickets, appointments and bundles`);
    }
    if (!required && Object.hasOwn(written.includes, offer)) throw wrong(field, `names ${offer}, which is included`);
  }
  return [...included, ...optional];
}

/**
 * What a bundle gives.
 * @throws ConfigError for a bundle of nothing, and for credit that could never be spent.
 */
export function grantsOf(where: string, written: ParsedOffer, config: ParsedConfig): OfferSettings['grants'] {
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

/** A mistake at this place of the configuration, as a sentence. */
export function wrong(where: string, what: string): ConfigError {
  return new ConfigError(`${where} ${what}${what.endsWith('?') ? '' : '.'}`);
}
