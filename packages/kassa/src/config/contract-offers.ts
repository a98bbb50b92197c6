import { CURRENCY_RULES } from '../kernel/currencies.ts';
import { AMOUNT_MAX_MINOR } from '../kernel/money.ts';
import type { OfferSettings, PriceSettings, Settings } from './settings.ts';

/** Begins with a sign that no key of `catalog` may have, so it is never a shop's own. */
export const CHAT_OFFER = '~chat-payments';

/** Nothing is kept from others while somebody in a conversation makes up their mind. */
const CHAT_OPEN_MS = 24 * 3_600_000;
const CHAT_PIECES_MAX = 99;

/**
 * What contracts sell beside the catalogue: amounts that a key of chat-payments may name (docs/contracts/chat-payments).
 * No page shows these offers and no other contract can name them.
 */
export function contractOffers({ contracts }: Pick<Settings, 'contracts'>): OfferSettings[] {
  const chat = contracts.chat_payments;
  if (chat === null) return [];
  const bounds = chat.amounts.length > 0 ? chat.amounts : whatStripeCharges();
  return [
    {
      ...{ key: CHAT_OFFER, id: null, external_id: CHAT_OFFER, kind: 'custom_amount', source: 'contract' },
      ...{ name: 'Payment', description: null, capacity: null, max_per_order: CHAT_PIECES_MAX },
      ...{ hold_ms: CHAT_OPEN_MS, hold_at: 'session', when_late: 'rehold-or-refund', tax_class: null },
      ...{ starts_at: null, time_zone: null, duration_ms: null, buffer_ms: 0 },
      ...{ practitioners: [], children: [], grants: [], recurring: null },
      prices: bounds.map((bound): PriceSettings => ({ ...bound, unit_minor: null, stripe_price_id: null })),
    },
  ];
}

/** A piece may cost less than Stripe's smallest charge; the whole may not, which is checked with the total. */
function whatStripeCharges(): { currency: string; minimum_minor: number; maximum_minor: number }[] {
  return [...CURRENCY_RULES].map(([currency, { step_minor }]) => ({
    currency,
    minimum_minor: step_minor,
    maximum_minor: AMOUNT_MAX_MINOR,
  }));
}
