/**
 * Stripe's currency facts (docs.stripe.com/currencies), in Stripe's minor unit. `Intl` is never asked: it disagrees
 * with Stripe for ISK, UGX, HUF and TWD.
 */

/** The 135 currencies that Stripe charges in, in alphabetical order. */
const CHARGED =
  'aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny ' +
  'cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk ' +
  'jmd jpy kes kgs khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ' +
  'ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl ' +
  'thb tjs top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw';

/** Charged with three decimals of which the last must be zero. Offered to accounts in some countries only. */
const THREE_DECIMALS = 'bhd jod kwd omr tnd';
const NO_DECIMALS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf';
/** Two decimals by form, but only whole units can be charged: 500 is five krónur. */
const WHOLE_UNITS_ONLY = 'isk ugx';

export interface CurrencyRule {
  exponent: 0 | 2 | 3;
  /** Amounts are multiples of this many minor units. */
  step_minor: 1 | 10 | 100;
  /** The smallest charge that is not zero. */
  minimum_minor: number;
}

/** Stripe's minimum charges. A currency that is not listed may charge its smallest step. */
const MINIMUM_MINOR: Readonly<Record<string, number>> = {
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
  usd: 50,
  zar: 50,
};

function ruleOf(currency: string): CurrencyRule {
  const exponent = NO_DECIMALS.includes(currency) ? 0 : THREE_DECIMALS.includes(currency) ? 3 : 2;
  const step_minor = exponent === 3 ? 10 : WHOLE_UNITS_ONLY.includes(currency) ? 100 : 1;
  return { exponent, step_minor, minimum_minor: MINIMUM_MINOR[currency] ?? step_minor };
}

/** Every currency that Kassa takes, by its lower-case code. */
export const CURRENCY_RULES: ReadonlyMap<string, CurrencyRule> = new Map(
  `${CHARGED} ${THREE_DECIMALS}`.split(' ').map((currency) => [currency, ruleOf(currency)]),
);
