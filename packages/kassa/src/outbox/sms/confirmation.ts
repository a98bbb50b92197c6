import { toTypeId } from '../../kernel/ids.ts';
import { formatMoney } from '../mail/money.ts';
import { languageFor } from '../mail/words.ts';
import type { OrderView } from '../order-view.ts';

/** The name by which the buyer knows the order: the caller's own reference, or Kassa's id. */
export function nameOf(order: Pick<OrderView, 'order_id' | 'external_reference'>): string {
  return order.external_reference ?? toTypeId('ord', order.order_id);
}

/**
 * What the buyer is told when the order is paid.
 * @param wording with `{order_id}`, `{seller}` and `{total}`; anything else in braces was refused by the configuration.
 */
export function confirmationText(order: OrderView, wording: string, seller: string): string {
  const { locale } = languageFor(order.locale);
  const values: Readonly<Record<string, string>> = {
    order_id: nameOf(order),
    seller,
    total: formatMoney(order.total_minor, order.currency, locale),
  };
  return wording.replaceAll(/\{([a-z_]+)\}/g, (written, name: string) => values[name] ?? written);
}

/** Digits as people write them: `+1 (555) 123-4567`. */
const PHONE = /^\+?[0-9][0-9 ().-]{4,30}$/;

/** The number that the buyer left with the order or the caller with the payment, as digits; null when none was left. */
export function phoneOf(order: Pick<OrderView, 'fields' | 'metadata'>): string | null {
  const written = order.fields.phone ?? order.metadata.phone;
  if (typeof written !== 'string' || !PHONE.test(written.trim())) return null;
  return written.replaceAll(/[^0-9+]/g, '');
}
