import { type Html, html } from './html.ts';

/**
 * Stripe's charging exponents (docs.stripe.com/currencies). `Intl` is not asked: it disagrees for ISK, UGX, HUF, TWD.
 * Every currency that is not named here has two digits.
 */
const EXPONENT_0 = new Set(
  'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '), //
);
const EXPONENT_3 = new Set('bhd jod kwd omr tnd'.split(' '));
/** Charged with two digits that are always zero, so they are shown without them. */
const WHOLE_UNITS = new Set(['isk', 'ugx']);

function exponentOf(currency: string): 0 | 2 | 3 {
  const code = currency.toLowerCase();
  return EXPONENT_0.has(code) ? 0 : EXPONENT_3.has(code) ? 3 : 2;
}

/** Minor units as an exact decimal, by moving the point in the digits: 1999 usd is "19.99", 1500 jpy is "1500". */
export function decimalOf(amount_minor: number, currency: string): string {
  if (!Number.isSafeInteger(amount_minor)) throw new RangeError(`${amount_minor} is not an amount in minor units.`);
  const exponent = exponentOf(currency);
  const sign = amount_minor < 0 ? '-' : '';
  const digits = String(Math.abs(amount_minor)).padStart(exponent + 1, '0');
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/**
 * An amount as a person reads it, in the locale's way and with the digits that Stripe charges.
 * `Intl` gets the decimal string, never a float, so nothing is rounded on the way.
 */
export function moneyText(amount_minor: number, currency: string, locale: string): string {
  const decimal = decimalOf(amount_minor, currency);
  const whole = WHOLE_UNITS.has(currency.toLowerCase()) && decimal.endsWith('.00');
  const digits = whole ? 0 : exponentOf(currency);
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(decimal as `${number}`);
}

/** The same with the machine's value beside it. */
export function money(amount_minor: number, currency: string, locale: string): Html {
  return html`<data class="money" value="${amount_minor}">${moneyText(amount_minor, currency, locale)}</data>`;
}
