import { badParam } from './failure.ts';

const NO_MINOR_UNIT = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE_DIGITS = new Set('bhd jod kwd omr tnd'.split(' '));
/** Two digits by exponent, but only whole units are payable. */
const WHOLE_UNITS = new Set(['isk', 'ugx']);
/** Smallest charge in minor units, by currency (docs.stripe.com/currencies). */
const MINIMUM: Record<string, number> = {
  usd: 50,
  aed: 200,
  ars: 50,
  aud: 50,
  brl: 50,
  cad: 50,
  chf: 50,
  cop: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  idr: 50,
  ils: 50,
  inr: 50,
  jpy: 50,
  krw: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  php: 50,
  pln: 200,
  ron: 200,
  rub: 50,
  sek: 300,
  sgd: 50,
  thb: 1000,
  zar: 50,
};
const CURRENCIES = new Set(
  (
    'usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf ' +
    'clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ' +
    'ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr ' +
    'mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd ' +
    'shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw'
  ).split(' '),
);

/** How many digits after the point Stripe uses for this currency. */
export function exponentOf(currency: string): 0 | 2 | 3 {
  if (NO_MINOR_UNIT.has(currency)) return 0;
  return THREE_DIGITS.has(currency) ? 3 : 2;
}

export function minimumCharge(currency: string): number {
  const listed = MINIMUM[currency];
  if (listed !== undefined) return listed;
  if (WHOLE_UNITS.has(currency)) return 100;
  return THREE_DIGITS.has(currency) ? 10 : 1;
}

/** Lower-case ISO code. @throws ApiFailure 400 when the sandbox does not know the currency */
export function checkCurrency(text: string, param: string): string {
  const currency = text.toLowerCase();
  if (!CURRENCIES.has(currency)) throw badParam(param, `Invalid currency: ${text}. Use a three-letter ISO code.`);
  return currency;
}

/**
 * Can this amount be charged at all? (docs.stripe.com/currencies)
 * @param amount minor units
 * @throws ApiFailure 400 amount_too_small, amount_too_large, or a plain parameter error
 */
export function checkChargeable(amount: number, currency: string, param: string): void {
  if (amount < minimumCharge(currency)) {
    throw badParam(
      param,
      `The amount is too small: ${amount} is below the minimum of ${minimumCharge(currency)} ${currency}.`,
      'amount_too_small',
    );
  }
  if (amount > 99_999_999_9999) {
    throw badParam(param, `The amount is too large: at most 999999999999 ${currency}.`, 'amount_too_large');
  }
  checkDigits(amount, currency, param);
}

/** ISK and UGX are charged in whole units; three-decimal currencies end in 0. */
export function checkDigits(amount: number, currency: string, param: string): void {
  if (WHOLE_UNITS.has(currency) && amount % 100 !== 0) {
    throw badParam(param, `Amounts in ${currency} must be divisible by 100: only whole units can be charged.`);
  }
  if (THREE_DIGITS.has(currency) && amount % 10 !== 0) {
    throw badParam(param, `Amounts in ${currency} must end in 0: the third decimal digit cannot be charged.`);
  }
}

/** `numerator / denominator` rounded half up, exactly, for values that are not negative. */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  return (numerator * 2n + denominator) / (denominator * 2n);
}

/** A decimal string (at most 12 places) as an exact fraction. @throws RangeError when the text is not a decimal */
export function fractionOf(decimal: string): { numerator: bigint; denominator: bigint } {
  const match = /^(\d{1,15})(?:\.(\d{1,12}))?$/.exec(decimal);
  if (!match) throw new RangeError(`not a decimal: ${decimal}`);
  const digits = match[2] ?? '';
  return { numerator: BigInt(`${match[1]}${digits}`), denominator: 10n ** BigInt(digits.length) };
}

/** `1999`, `usd` -> `19.99`; for people, by integer arithmetic alone. */
export function displayAmount(amount: number, currency: string): string {
  const exponent = exponentOf(currency);
  if (exponent === 0) return String(amount);
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0');
  return `${amount < 0 ? '-' : ''}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
