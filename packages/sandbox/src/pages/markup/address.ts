import type { AddressView } from '../views.ts';
import { type FieldErrors, selectField, textField } from './fields.ts';
import { type Html, html } from './html.ts';

/** ISO 3166-1 alpha-2. */
const COUNTRIES = (
  'AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CD ' +
  'CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FO FR GA GB GD GE GF GG ' +
  'GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IS IT JE JM JO JP KE KG KH KI KM KN KR ' +
  'KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE ' +
  'NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PY QA RE RO RS RU RW SA SB SC SE SG SH SI SJ SK SL ' +
  'SM SN SO SR SS ST SV SX SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WF ' +
  'WS XK YE YT ZA ZM ZW'
).split(' ');

export interface AddressGroup {
  prefix: 'billing' | 'shipping';
  value: AddressView;
  /** Two-letter codes to choose from; null allows all. */
  allowed: readonly string[] | null;
}

/** An address as a group; posts `<prefix>[line1]` and so on. */
export function addressFields({ prefix, value, allowed }: AddressGroup, errors: FieldErrors): Html {
  const names = new Intl.DisplayNames('en', { type: 'region' });
  const options = (allowed ?? COUNTRIES)
    .map((code) => ({ value: code, label: names.of(code) ?? code }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en'));
  const text = (key: keyof AddressView, label: string, autocomplete: string, width?: 'half'): Html =>
    textField(
      {
        name: `${prefix}[${key}]`,
        label,
        value: value[key],
        autocomplete: `${prefix} ${autocomplete}`,
        required: key === 'line1' || key === 'city' || key === 'postal_code',
        ...(width ? { width } : {}),
      },
      errors,
    );
  return html`<fieldset><legend>${prefix === 'shipping' ? 'Shipping address' : 'Billing address'}</legend><div class="row">
${text('line1', 'Street and number', 'address-line1')}
${text('line2', 'Flat, floor', 'address-line2')}
${text('postal_code', 'Postal code', 'postal-code', 'half')}
${text('city', 'City', 'address-level2', 'half')}
${text('state', 'State or region', 'address-level1', 'half')}
${selectField({ name: `${prefix}[country]`, label: 'Country', value: value.country, options, prompt: 'Choose…', required: true, autocomplete: `${prefix} country`, width: 'half' }, errors)}
</div></fieldset>`;
}
