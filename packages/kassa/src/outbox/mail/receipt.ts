import type { LineView, OrderView } from '../order-view.ts';
import { draw, type LetterTable, type RenderedMail } from './layout.ts';
import { formatMoney } from './money.ts';
import { formatMoment } from './times.ts';
import { type Language, languageFor } from './words.ts';

export interface Seller {
  readonly name: string;
  readonly email: string;
  /** IANA zone for moments that have none of their own, such as the payment's. */
  readonly time_zone: string;
}

/** The receipt of a paid order. Shows the stored sums and adds nothing up. */
export function receiptMail(order: OrderView, seller: Seller): RenderedMail {
  const language = languageFor(order.locale);
  const { words, locale } = language;
  const number = numberOf(order);
  const paid = order.paid_at === null ? [] : [words.paidOn(formatMoment(order.paid_at, seller.time_zone, locale))];
  return draw({
    subject: words.receipt.subject(seller.name, number),
    seller: seller.name,
    locale,
    heading: words.receipt.heading,
    paragraphs: [words.receipt.thanks],
    facts: [words.order(number), ...paid],
    table: tableOf(order, language),
    footer: footerOf(order, seller, language),
  });
}

/** `#1001`, or the order's own reference while it has no number. */
export function numberOf(order: OrderView): string {
  return order.number === null ? (order.external_reference ?? order.order_id) : `#${order.number}`;
}

export function footerOf(order: OrderView, seller: Seller, { words }: Language): string[] {
  const questions = words.questions(seller.email, numberOf(order));
  return order.mode === 'test' ? [questions, words.test_mode] : [questions];
}

function tableOf(order: OrderView, { words, locale }: Language): LetterTable {
  const money = (minor: number): string => formatMoney(minor, order.currency, locale);
  // Reductions carry a minus sign: colour or brackets alone would be lost on many readers.
  const sums = [
    { name: words.subtotal, minor: order.subtotal_minor, shown: order.subtotal_minor !== order.total_minor },
    { name: words.discount, minor: -order.discount_minor, shown: order.discount_minor !== 0 },
    { name: words.tax, minor: order.tax_minor, shown: order.tax_minor !== 0 },
    { name: words.credits, minor: -order.credits_minor, shown: order.credits_minor !== 0 },
  ];
  const total = order.total_minor === 0 ? words.free : formatMoney(order.total_minor, order.currency, locale, true);
  return {
    item: words.item,
    amount: words.amount,
    rows: order.lines.map((line) => ({
      name: words.quantity(String(line.quantity), line.name),
      note: startOf(line, locale),
      amount: money(line.unit_minor * line.quantity),
    })),
    sums: [
      ...sums.filter(({ shown }) => shown).map(({ name, minor }) => ({ name, amount: money(minor) })),
      { name: words.total, amount: total },
    ],
  };
}

function startOf(line: LineView, locale: string): string | null {
  if (line.starts_at === null) return null;
  return formatMoment(line.starts_at, line.time_zone ?? 'UTC', locale);
}
