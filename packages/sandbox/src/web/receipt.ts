import { renderReceipt } from '../pages/index.ts';
import { sessionSecrets } from '../resources/basket/items.ts';
import { totalsFor } from '../resources/basket/price-session.ts';
import { inTx, type Tx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { frameFor, page, plain } from './respond.ts';
import { sellerOf } from './views.ts';
import { NOBODY } from './web.ts';

/** What was paid, for the buyer to keep. */
export function showReceipt(world: World, id: string): Response {
  return inTx(world, NOBODY, (tx) => {
    const charge = tx.find('charge', id);
    if (!charge) return plain('There is no such receipt.', 404);
    const frame = frameFor(false);
    const card = charge.payment_method_details?.card;
    const html = renderReceipt({
      frame,
      charge_id: charge.id,
      number: charge.id.slice(-8).toUpperCase(),
      seller: sellerOf(tx),
      created: charge.created,
      status: charge.status as 'succeeded' | 'pending' | 'failed',
      currency: charge.currency,
      amount_minor: charge.captured ? charge.amount_captured : charge.amount,
      refunded_minor: charge.amount_refunded,
      email: charge.receipt_email ?? charge.billing_details.email,
      description: charge.description,
      method: card ? { brand: card.brand ?? 'card', last4: card.last4 ?? '' } : null,
      lines: linesOf(tx, charge.payment_intent),
    });
    return page(html, frame);
  });
}

function linesOf(tx: Tx, intent: string | null): { name: string; quantity: number; amount_minor: number }[] {
  const owner = intent !== null && tx.any(intent) ? (tx.hidden(intent).session as string | undefined) : undefined;
  const session = owner === undefined ? undefined : tx.find('checkout.session', owner);
  if (!session) return [];
  const totals = totalsFor(tx, session);
  return sessionSecrets(tx, session).items.map((item, index) => ({
    name: item.description,
    quantity: item.quantity,
    amount_minor: totals.lines[index]?.total ?? 0,
  }));
}
