import { linkRefusal, openLink } from '../resources/links/open-link.ts';
import { inTx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { plain, redirect } from './respond.ts';
import { NOBODY } from './web.ts';

/** A payment link was followed: on to the page of a new session, or the sentence that says why not. */
export function followLink(world: World, id: string): Response {
  return inTx(world, NOBODY, (tx) => {
    const link = tx.find('payment_link', id);
    if (!link) return plain('There is no such link.', 404);
    const refusal = linkRefusal(tx, link);
    if (refusal !== undefined) return plain(refusal, 200);
    const session = openLink(tx, link);
    return redirect(session.url ?? `/c/pay/${session.id}`);
  });
}
