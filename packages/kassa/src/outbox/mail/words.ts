/**
 * What mails say, one object per language. A missing sentence does not compile; placeholders are functions, so that
 * each language puts them where it needs them.
 */
export interface Words {
  readonly receipt: {
    subject(seller: string, number: string): string;
    readonly heading: string;
    readonly thanks: string;
  };
  readonly refund: {
    subject(seller: string, number: string): string;
    readonly heading: string;
    readonly too_late: string;
    readonly surplus: string;
    readonly mismatch: string;
    readonly unowned: string;
    amount(amount: string): string;
    readonly when: string;
  };
  order(number: string): string;
  paidOn(moment: string): string;
  quantity(quantity: string, name: string): string;
  readonly item: string;
  readonly amount: string;
  readonly subtotal: string;
  readonly discount: string;
  readonly tax: string;
  readonly credits: string;
  readonly total: string;
  readonly free: string;
  questions(address: string, number: string): string;
  readonly test_mode: string;
}

const ENGLISH: Words = {
  receipt: {
    subject: (seller, number) => `${seller}: your order ${number} is paid`,
    heading: 'Your order is paid',
    thanks: 'Thank you for your purchase. Your payment has arrived, and this is your receipt.',
  },
  refund: {
    subject: (seller, number) => `${seller}: your money for order ${number} is on its way back`,
    heading: 'Your money is on its way back',
    too_late:
      'Your payment arrived after the time for which we could keep your order, and what you chose had been sold ' +
      'in the meantime. Your order is therefore not confirmed. We are sorry.',
    surplus:
      'We received more than one payment for the same order. Your order is paid once and stays as it is; this is ' +
      'about the second payment only.',
    mismatch:
      'We received another amount than your order costs. We could therefore not confirm your order, and nothing of ' +
      'your money stays with us. We are sorry.',
    unowned:
      'We received a payment from you that belongs to no order of ours, so nothing of your money stays with us. ' +
      'We are sorry.',
    amount: (amount) => `We have sent ${amount} back to the card or account that you paid with. You need do nothing.`,
    when: 'Banks usually take 5 to 10 days to show a refund.',
  },
  order: (number) => `Order ${number}`,
  paidOn: (moment) => `Paid on ${moment}`,
  quantity: (quantity, name) => `${quantity} × ${name}`,
  item: 'Item',
  amount: 'Amount',
  subtotal: 'Subtotal',
  discount: 'Discount',
  tax: 'Tax',
  credits: 'Paid with credits',
  total: 'Total paid',
  free: 'Free',
  questions: (address, number) => `Questions? Write to ${address} and name order ${number}.`,
  test_mode: 'This is a test: no money has moved.',
};

const DICTIONARIES: Readonly<Record<string, Words>> = { en: ENGLISH };

export interface Language {
  readonly words: Words;
  /** For `Intl`, and for the `lang` attribute. */
  readonly locale: string;
}

/** The dictionary nearest to a BCP 47 tag; English where there is none, so that words and numbers never mix tongues. */
export function languageFor(locale: string | null): Language {
  const wanted = locale === null ? [] : supported(locale);
  const tag = wanted[0] ?? 'en-US';
  const words = DICTIONARIES[tag.split('-')[0] ?? ''];
  return words ? { words, locale: tag } : { words: ENGLISH, locale: 'en-US' };
}

/** Canonical form of a tag that `Intl` can format with; none for a malformed tag, which is data and not worth an error. */
function supported(locale: string): string[] {
  if (!/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(locale)) return [];
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
