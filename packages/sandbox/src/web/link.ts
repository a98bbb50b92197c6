import { linkRefusal, openLink, type Visit } from '../resources/links/open-link.ts';
import { inTx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { plain, redirect } from './respond.ts';
import { NOBODY } from './web.ts';

/** A payment link was followed: on to the page of a new session, or the sentence that says why not. */
export function followLink(world: World, id: string, url: URL): Response {
  return inTx(world, NOBODY, (tx) => {
    const link = tx.find('payment_link', id);
    if (!link) return plain('There is no such link.', 404);
    const refusal = linkRefusal(tx, link);
    if (refusal !== undefined) return plain(refusal, 200);
    const session = openLink(tx, link, visitOf(url));
    return redirect(session.url ?? `/c/pay/${session.id}`);
  });
}

/** As at Stripe, a shop may write into the address what it knows of the buyer; what does not fit says nothing. */
function visitOf({ searchParams }: URL): Visit {
  const reference = searchParams.get('client_reference_id') ?? '';
  const email = searchParams.get('locked_prefilled_email') ?? searchParams.get('prefilled_email') ?? '';
  return {
    ...(/^[\w-]{1,200}$/.test(reference) ? { client_reference_id: reference } : {}),
    ...(/^[^@\s]{1,200}@[^@\s]{1,200}$/.test(email) ? { customer_email: email } : {}),
  };
}
