import type { OrderView } from '../order-view.ts';
import { draw, type RenderedMail } from './layout.ts';
import { formatMoney } from './money.ts';
import { footerOf, numberOf, type Seller } from './receipt.ts';
import { languageFor } from './words.ts';

/** Money that Kassa sends back unasked: it came too late for what it should buy, or it came twice. */
export interface LateRefund {
  readonly cause: 'too_late' | 'surplus';
  readonly amount_minor: number;
}

/** Tells the buyer the truth: what happened, what comes back, and that nothing needs doing. */
export function lateRefundMail(order: OrderView, refund: LateRefund, seller: Seller): RenderedMail {
  const language = languageFor(order.locale);
  const { words, locale } = language;
  const amount = formatMoney(refund.amount_minor, order.currency, locale, true);
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
