import type { PaymentLink, Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { createSession } from '../checkout/create.ts';
import { linkSecrets } from './payment-links.ts';

/** Why a link makes no session, in a sentence for the person who followed it. */
export function linkRefusal(tx: Tx, link: PaymentLink): string | undefined {
  const closed = link.inactive_message ?? 'This link is no longer active.';
  if (!link.active) return closed;
  const limit = link.restrictions?.completed_sessions.limit;
  if (limit === undefined) return undefined;
  const done = tx.every('checkout.session', { payment_link: link.id, status: 'complete' }).length;
  return done >= limit ? closed : undefined;
}

/** What the address that a buyer followed said about them. */
export interface Visit {
  client_reference_id?: string;
  customer_email?: string;
}

/** Every visit makes a session of its own with the basket of the link. */
export function openLink(tx: Tx, link: PaymentLink, visit: Visit = {}): Session {
  const { items, intent_data, asked } = linkSecrets(tx, link);
  const redirect = link.after_completion.redirect?.url;
  const fields = {
    ...asked,
    ...visit,
    mode: 'payment',
    success_url: redirect ?? `${tx.world.publicUrl}/c/pay/{CHECKOUT_SESSION_ID}`,
    metadata: link.metadata,
    customer_creation: link.customer_creation,
    payment_intent_data: intent_data,
    automatic_tax: { enabled: link.automatic_tax.enabled },
    phone_number_collection: link.phone_number_collection,
    ...(link.allow_promotion_codes ? { allow_promotion_codes: true } : {}),
    line_items: items.map((item) => ({
      ...(item.price.active
        ? { price: item.price.id }
        : {
            price_data: { currency: link.currency, unit_amount_decimal: item.unit_decimal, product: item.product },
          }),
      quantity: item.quantity,
      ...(item.adjustable ? { adjustable_quantity: item.adjustable } : {}),
    })),
  };
  return createSession(tx, { path: '', fields }, { payment_link: link.id });
}
