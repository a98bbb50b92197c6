import type { Session } from '../kernel/kinds.ts';
import { type SessionSecrets, sessionSecrets } from '../resources/basket/items.ts';
import { createSession } from '../resources/checkout/create.ts';
import { inTx, type Tx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { plain, redirect } from './respond.ts';
import { NOBODY } from './web.ts';

/** The way back into a checkout that expired: a new session with the same basket. */
export function recover(world: World, id: string, secret: string): Response {
  return inTx(world, NOBODY, (tx) => {
    const old = tx.find('checkout.session', id);
    const recovery = old?.after_expiration?.recovery;
    const secrets = old && sessionSecrets(tx, old);
    if (!old || !secrets || secrets.recovery !== secret || (recovery?.expires_at ?? 0) <= tx.now) {
      return plain('This link leads nowhere any more.', 404);
    }
    const fresh = again(tx, old, secrets, recovery?.allow_promotion_codes === true);
    return redirect(fresh.url ?? `/c/pay/${fresh.id}`);
  });
}

/** The same wishes said again, with the basket as it was and the e-mail address that was typed. */
function again(tx: Tx, old: Session, secrets: SessionSecrets, codes: boolean): Session {
  const email = old.customer_details?.email ?? undefined;
  const fields: Record<string, unknown> = {
    ...secrets.asked,
    ...(codes ? { allow_promotion_codes: true } : {}),
    ...(old.customer === null && email !== undefined ? { customer_email: email } : {}),
    line_items: secrets.items.map((item) => ({
      price_data: {
        currency: old.currency,
        unit_amount_decimal: item.unit_decimal,
        product: item.product,
      },
      quantity: item.quantity,
      ...(item.adjustable ? { adjustable_quantity: item.adjustable } : {}),
      tax_rates: item.tax_rates,
      metadata: item.metadata,
    })),
  };
  return createSession(tx, { path: '', fields }, { recovered_from: old.id });
}
