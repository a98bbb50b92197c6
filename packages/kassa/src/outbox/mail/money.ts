import { decimalFromMinor, exponentOf, stepOf } from '../../kernel/money.ts';

/**
 * An amount as a person reads it in this locale, with the ISO code behind it when `name_currency` asks which dollars.
 * Stored minor units → exact decimal text → `Intl`, never through a float. The digits are Stripe's, not those of
 * `Intl`, which disagrees for ISK, UGX, HUF and TWD; a currency that is charged in whole units shows no decimals.
 */
export function formatMoney(amount_minor: number, currency: string, locale: string, name_currency = false): string {
  const decimal = decimalFromMinor(amount_minor, currency);
  const whole = stepOf(currency) === 100 && /\.00$/.test(decimal);
  const digits = whole ? 0 : exponentOf(currency);
  const text = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(decimal as Intl.StringNumericLiteral);
  return name_currency && !text.includes(currency.toUpperCase()) ? `${text} ${currency.toUpperCase()}` : text;
}
