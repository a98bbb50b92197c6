import type { Session } from '../kernel/kinds.ts';
import { renderAfterPayment } from '../pages/index.ts';
import { returnAddress } from '../resources/checkout/complete.ts';
import { inTx, type Tx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { endPage } from './pay-page.ts';
import { frameFor, json, page, plain, redirect } from './respond.ts';
import { sellerOf } from './views.ts';
import { NOBODY } from './web.ts';

/** Stripe holds the buyer this long at most while the shop answers the webhook. */
const WAIT_MS = 10_000;

interface Wait {
  ready: boolean;
  seconds_left: number;
}

/** May the buyer go on? Hosted pages wait for the shop's answer to the webhook, at most ten seconds. */
function waitOf(tx: Tx, session: Session): Wait {
  const { world } = tx;
  const since = Number(tx.hidden(session.id).completed_ms ?? 0);
  const held = since + world.runtime.hold_redirect_ms;
  const open = world.database.one(
    'select 1 as waiting from deliveries d join events e on e.id = d.event_id where e.object_id = ? and ' +
      "e.type = 'checkout.session.completed' and d.attempts = 0 and d.state in ('due', 'held')",
    session.id,
  );
  const waits = world.runtime.webhook_wait && session.ui_mode === 'hosted_page' && open !== undefined;
  const until = Math.max(held, waits ? since + WAIT_MS : 0);
  const left = Math.max(0, until - tx.now_ms);
  return { ready: left === 0, seconds_left: Math.ceil(left / 1000) };
}

/** The page between paying and returning. */
export function showAfter(world: World, id: string, url: URL): Response {
  const embedded = url.searchParams.get('embedded') === '1';
  return inTx(world, NOBODY, (tx) => {
    const session = tx.find('checkout.session', id);
    if (session?.status !== 'complete') return redirect(`/c/pay/${id}${embedded ? '?embedded=1' : ''}`);
    const target = returnAddress(tx, session);
    const wait = waitOf(tx, session);
    if (url.searchParams.get('poll') === '1') return json({ ...wait, redirect_url: target });
    const frame = frameFor(embedded);
    const html = renderAfterPayment({
      frame,
      session_id: id,
      seller: sellerOf(tx, session),
      amount_minor: session.amount_total ?? 0,
      currency: session.currency ?? 'usd',
      payment_status: session.payment_status as 'paid' | 'unpaid' | 'no_payment_required',
      seconds_left: wait.seconds_left,
      redirects: target !== null,
    });
    return page(html, frame, { embeddable: session.ui_mode === 'embedded_page' });
  });
}

/** Sends the buyer back to the shop. */
export function goBack(world: World, id: string): Response {
  return inTx(world, NOBODY, (tx) => {
    const session = tx.find('checkout.session', id);
    if (!session) return plain('There is no such checkout.', 404);
    if (session.status !== 'complete') return redirect(`/c/pay/${id}`);
    const target = returnAddress(tx, session);
    return target === null ? endPage(tx, session, 'complete', false) : redirect(target);
  });
}
