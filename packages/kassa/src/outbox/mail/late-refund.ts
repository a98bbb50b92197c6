import type { OrderView } from '../order-view.ts';
import { draw, type RenderedMail } from './layout.ts';
import { formatMoney } from './money.ts';
import { footerOf, numberOf, type Seller } from './receipt.ts';
import { languageFor } from './words.ts';

/** Why Kassa sends money back unasked: it came too late, or twice, or was another amount, or of no order. */
export const UNASKED = ['too_late', 'surplus', 'mismatch', 'unowned'] as const;

export interface LateRefund {
  readonly cause: (typeof UNASKED)[number];
  readonly amount_minor: number;
  /** Of the money that came, which need not be the order's. */
  readonly currency: string;
}

/** Tells the buyer the truth: what happened, what comes back, and that nothing needs doing. */
export function lateRefundMail(order: OrderView, refund: LateRefund, seller: Seller): RenderedMail {
  const language = languageFor(order.locale);
  const { words, locale } = language;
  const amount = formatMoney(refund.amount_minor, refund.currency, locale, true);
  const bought = order.lines.map((line) => words.quantity(String(line.quantity), line.name));
  return draw({
    subject: words.refund.subject(seller.name, numberOf(order)),
    seller: seller.name,
    locale,
    heading: words.refund.heading,
    paragraphs: [words.refund[refund.cause], `${words.refund.amount(amount)} ${words.refund.when}`],
    facts: [words.order(numberOf(order)), ...bought],
    table: null,
    footer: footerOf(order, seller, language),
  });
}
