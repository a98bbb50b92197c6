import { ConfigError } from './config-error.ts';
import { pageOf } from './environment/frontend.ts';
import { isLoopback } from './environment/variables.ts';
import { boundsOf, productOf } from './offer-parts.ts';
import type { ChatPaymentsSettings, ContractSettings, CouponSettings, FrontendSettings, Settings } from './settings.ts';
import { endOf, instantOf } from './times.ts';
import type { ParsedConfig, ParsedCoupon } from './written/schema.ts';

/** Where the program runs, as far as contracts depend on it. */
export interface Place {
  readonly mode: 'test' | 'live';
  readonly host: string;
  readonly frontend: FrontendSettings;
}

export function readTaxRates(config: ParsedConfig): Settings['tax_rates'] {
  return Object.entries(config.tax).map(([tax_class, rate_milli]) => ({ tax_class, rate_milli }));
}

/** @throws ConfigError for a coupon that reduces by nothing or by two ways, ends before it begins, or names nothing. */
export function readCoupons(config: ParsedConfig): CouponSettings[] {
  return Object.entries(config.coupons).map(([code, written]) => readCoupon(code, written, config));
}

function readCoupon(code: string, written: ParsedCoupon, config: ParsedConfig): CouponSettings {
  const where = `coupons.${code}`;
  const { percentOff, amountOff } = written;
  if ((percentOff === undefined) === (amountOff === undefined)) {
    throw new ConfigError(`${where} must have either percentOff or amountOff.`);
  }
  for (const key of written.only ?? []) productOf(`${where}.only`, key, config);
  const starts_at = written.from === undefined ? null : instantOf(written.from, config.timeZone);
  const ends_at = written.until === undefined ? null : endOf(written.until, config.timeZone);
  if (starts_at && ends_at && ends_at <= starts_at) throw new ConfigError(`${where}.until is not after from.`);
  return {
    code,
    percent_milli: percentOff ?? null,
    amount_minor: amountOff?.amount_minor ?? null,
    currency: amountOff?.currency ?? null,
    starts_at,
    ends_at,
    uses_max: written.limit ?? null,
    per_buyer_max: written.perBuyer ?? null,
    offers: [...new Set(written.only ?? [])],
  };
}

/**
 * The five contracts, each with its offers resolved and its addresses made absolute.
 * @throws ConfigError for a product that does not fit, a foreign address, or keyless payments anywhere but on this
 *   computer in test mode.
 */
export function readContracts(config: ParsedConfig, place: Place): ContractSettings {
  const { 'ticket-order': tickets, 'booking-checkout': booking, 'embedded-checkout': embedded } = config.contracts;
  const docs = place.mode === 'live' ? 'signed-in' : 'open';
  return {
    hosted_checkout: readHosted(config, place),
    ticket_order: tickets
      ? { offer: payable('ticket-order.product', tickets.product, config, 'ticket'), mount: tickets.mount }
      : null,
    booking_checkout: booking
      ? { docs: booking.docs ?? docs, return_url: pageNamed('booking-checkout.returnUrl', booking.returnUrl, place) }
      : null,
    chat_payments: readChat(config, place),
    embedded_checkout: embedded
      ? {
          offer: payable('embedded-checkout.product', embedded.product, config),
          return_path: embedded.returnPath,
          exact_parameters: embedded.exactParameters,
        }
      : null,
    refresh_after_ms: config.refreshAfter,
  };
}

function readHosted(config: ParsedConfig, place: Place): ContractSettings['hosted_checkout'] {
  const written = config.contracts['hosted-checkout'];
  if (!written) return null;
  const { product, customAmountProduct } = written;
  return {
    offer: fitting('hosted-checkout.product', product, config),
    custom_amount_offer: fitting('hosted-checkout.customAmountProduct', customAmountProduct, config, 'custom_amount'),
    success_url: pageNamed('hosted-checkout.successUrl', written.successUrl, place),
    cancel_url: pageNamed('hosted-checkout.cancelUrl', written.cancelUrl, place),
    public_metadata_keys: [...new Set(written.publicMetadataKeys)],
  };
}

/** A page of the shop that the configuration names, as an absolute address; null when it names none. */
function pageNamed(where: string, text: string | undefined, place: Place): string | null {
  return text === undefined ? null : pageOf(`contracts.${where}`, text, place.frontend);
}

function readChat(config: ParsedConfig, place: Place): ChatPaymentsSettings | null {
  const written = config.contracts['chat-payments'];
  if (!written) return null;
  if (written.auth === 'none' && (place.mode === 'live' || !isLoopback(place.host))) {
    const where = place.mode === 'live' ? 'with a live STRIPE_SECRET_KEY' : 'while HOST is reachable by others';
    throw new ConfigError(`contracts.chat-payments.auth must not be 'none' ${where}: use keys.`);
  }
  const { min = [], max = [] } = written;
  if (min.length !== max.length)
    throw new ConfigError('contracts.chat-payments must have min and max in the same currencies.');
  return { auth: written.auth, amounts: min.map((least) => boundsOf('contracts.chat-payments', least, max)) };
}

/** The key of a product that a contract sells, checked to be there and, where it matters, of the right kind. */
function fitting(
  where: string,
  key: string | undefined,
  config: ParsedConfig,
  kind?: 'ticket' | 'custom_amount',
): string | null {
  if (key === undefined) return null;
  const found = productOf(`contracts.${where}`, key, config).kind;
  if (kind === undefined || found === kind) return key;
  const wanted = kind === 'ticket' ? 'a ticket()' : 'a customAmount()';
  throw new ConfigError(`contracts.${where} must name ${wanted}; ${key} is not one.`);
}

/** As `fitting`, for contracts that show a form at once: there must be a price, and something to pay. */
function payable(where: string, key: string | undefined, config: ParsedConfig, kind?: 'ticket'): string | null {
  const fits = fitting(where, key, config, kind);
  if (fits === null) return null;
  const found = productOf(`contracts.${where}`, fits, config);
  if (found.kind !== 'custom_amount' && found.price.every((price) => price.amount_minor > 0)) return fits;
  throw new ConfigError(
    `contracts.${where} must name a product with a price; ${fits} is free, or has none of its own.`,
  );
}
