/** Card networks by the word that the API uses for them. */
const NAMES: Record<string, string> = {
  visa: 'Visa',
  mastercard: 'Mastercard',
  amex: 'American Express',
  discover: 'Discover',
  diners: 'Diners Club',
  jcb: 'JCB',
  unionpay: 'UnionPay',
};

/** A card network as people know it; a word that is not known is printed as it is. */
export function brandName(brand: string): string {
  return NAMES[brand] ?? brand;
}
