import { KassaError } from '../../kernel/errors.ts';
import { minorFromDecimal } from '../../kernel/money.ts';
import { ConfigError } from '../config-error.ts';
import type {
  AppointmentOptions,
  BundleOptions,
  CheckedCatalog,
  CustomAmountOptions,
  ItemOptions,
  KassaConfig,
  Money,
  Offer,
  PackOptions,
  PlanOptions,
  Smtp,
  TicketOptions,
} from './types.ts';

/**
 * A shop as data: what is sold and how. Nothing is opened and nothing but types is checked here; the program checks
 * the rest when it loads the file, so that every command can import it.
 */
export function defineKassa<const Catalog extends Record<string, Offer>>(
  config: KassaConfig<Catalog> & { catalog: CheckedCatalog<Catalog> },
): KassaConfig<Catalog> {
  return config;
}

/**
 * An exact amount: `money('12.500', 'kwd')`. The text is parsed by Stripe's exponent table and never becomes a float.
 * @throws ConfigError for a number, an unknown currency, or more decimals than the currency has.
 */
export function money(amount: string, currency: string): Money {
  if (typeof amount !== 'string') {
    const kind = typeof amount === 'number' ? `the number ${String(amount)}` : typeof amount;
    throw new ConfigError(`Write an amount as text, such as ${currency}('100.00'): ${kind} cannot be exact.`);
  }
  try {
    return Object.freeze({ currency, amount_minor: minorFromDecimal(amount, currency) });
  } catch (error) {
    if (error instanceof KassaError) throw new ConfigError(error.message, error);
    throw error;
  }
}

/** US dollars: `usd('19.99')`. @throws ConfigError like `money`. */
export function usd(amount: string): Money {
  return money(amount, 'usd');
}

/** Euro: `eur('19.99')`. @throws ConfigError like `money`. */
export function eur(amount: string): Money {
  return money(amount, 'eur');
}

/** Pounds sterling: `gbp('19.99')`. @throws ConfigError like `money`. */
export function gbp(amount: string): Money {
  return money(amount, 'gbp');
}

/** Yen, which has no decimals: `jpy('1500')`. @throws ConfigError like `money`. */
export function jpy(amount: string): Money {
  return money(amount, 'jpy');
}

/** A thing with a price. */
export function item(options: ItemOptions): Offer<never> {
  return { ...options, kind: 'item' };
}

/** A seat at an event: capacity, a hold while the buyer pays, a start. */
export function ticket(options: TicketOptions): Offer<never> {
  return { ...options, kind: 'ticket' };
}

/** A time with a practitioner. */
export function appointment(options: AppointmentOptions): Offer<never> {
  return { ...options, kind: 'appointment' };
}

/** Credit bought in advance: so many of a product, or money. */
export function bundle<Key extends string = never>(options: BundleOptions<Key>): Offer<Key> {
  return { ...options, kind: 'bundle' };
}

/** Several products for one price. */
export function pack<Key extends string, OptionalKey extends string = never>(
  options: PackOptions<Key, OptionalKey>,
): Offer<Key | OptionalKey> {
  return { ...options, kind: 'package' };
}

/** A subscription. */
export function plan(options: PlanOptions): Offer<never> {
  return { ...options, kind: 'plan' };
}

/** An amount that the buyer chooses between bounds: a donation, a tip, an invoice. */
export function customAmount(options: CustomAmountOptions): Offer<never> {
  return { ...options, kind: 'custom_amount' };
}

/** Where mail leaves: `smtp(process.env.SMTP_URL)`. Without an address, mail is caught in the inbox page. */
export function smtp(url: string | undefined): Smtp | undefined {
  return url === undefined ? undefined : { kind: 'smtp', url };
}
