// Money on the page: whole numbers of the smallest unit, and decimal texts. Never a float.

/** '100.00' times 3 is '300.00': the digits are multiplied as one whole number and the point is put back. */
export function times(unit, quantity) {
  const [whole, fraction = ''] = unit.split('.');
  if (fraction === '') return String(BigInt(whole) * BigInt(quantity));
  const digits = String(BigInt(whole + fraction) * BigInt(quantity)).padStart(fraction.length + 1, '0');
  return `${digits.slice(0, -fraction.length)}.${digits.slice(-fraction.length)}`;
}

/** '300.00' in dollars is $300.00 in the reader's own way of writing. The text is formatted digit by digit. */
export function shown(decimal, currency) {
  const digits = decimal.split('.')[1]?.length ?? 0;
  const style = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(decimal);
}
