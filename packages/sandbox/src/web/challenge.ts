import type { PaymentIntent, SetupIntent } from '../kernel/kinds.ts';
import { renderChallengeDone, renderChallengePage } from '../pages/index.ts';
import { authenticate } from '../resources/payments/confirm.ts';
import { authenticateSetup } from '../resources/setup/for-session.ts';
import { inTx, type Tx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { endPage } from './pay-page.ts';
import { formIsOurs, frameFor, page, pageToken, plain, redirect } from './respond.ts';
import { sellerOf } from './views.ts';
import { NOBODY } from './web.ts';

type Intent = PaymentIntent | SetupIntent;

function intentOf(tx: Tx, id: string): Intent | undefined {
  return id.startsWith('seti_') ? tx.find('setup_intent', id) : tx.find('payment_intent', id);
}

/** The bank's question. */
export function showChallenge(world: World, id: string, url: URL): Response {
  const embedded = url.searchParams.get('embedded') === '1';
  return inTx(world, NOBODY, (tx) => {
    const intent = intentOf(tx, id);
    if (!intent) return plain('There is no such question.', 404);
    if (intent.status !== 'requires_action') {
      return leave(tx, intent, { embedded, went: intent.status === 'succeeded', target: null });
    }
    const card = intent.payment_method === null ? undefined : tx.find('payment_method', intent.payment_method)?.card;
    const frame = frameFor(embedded);
    const html = renderChallengePage({
      frame,
      id,
      token: pageToken(world, id),
      seller: sellerOf(tx),
      amount_minor: 'amount' in intent ? intent.amount : null,
      currency: 'currency' in intent ? intent.currency : 'usd',
      card: card ? { brand: card.brand, last4: card.last4 } : null,
    });
    const target = returnUrl(tx, intent);
    return page(html, frame, { embeddable: true, formTargets: target === null ? [] : [target] });
  });
}

function returnUrl(tx: Tx, intent: Intent): string | null {
  const challenge = tx.hidden(intent.id).challenge as { return_url: string | null } | undefined;
  return challenge?.return_url ?? null;
}

/** The buyer's answer, then back to where they came from. */
export async function postChallenge(world: World, id: string, request: Request): Promise<Response> {
  const form = new URLSearchParams(await request.text());
  if (!formIsOurs(world, request, form, id)) return plain('This form did not come from the page of the bank.', 403);
  const embedded = form.get('embedded') === '1';
  const answer = form.get('result');
  return inTx(world, NOBODY, (tx) => {
    const intent = intentOf(tx, id);
    if (!intent) return plain('There is no such question.', 404);
    if (answer === 'open') return leaveOpen(tx, intent, embedded);
    const target = returnUrl(tx, intent);
    if (intent.status === 'requires_action') {
      const result = answer === 'complete' ? 'complete' : 'fail';
      if (id.startsWith('seti_')) authenticateSetup(tx, id, result);
      else authenticate(tx, id, result);
    }
    const went = ['succeeded', 'requires_capture', 'processing', 'requires_confirmation'].includes(intent.status);
    return leave(tx, intent, { embedded, went, target });
  });
}

function leaveOpen(tx: Tx, intent: Intent, embedded: boolean): Response {
  const session = sessionOf(tx, intent);
  if (session) return endPage(tx, session, 'left_open', embedded);
  const frame = frameFor(embedded);
  return page(renderChallengeDone(frame, 'open'), frame, { embeddable: true });
}

function sessionOf(tx: Tx, intent: Intent) {
  const id = tx.hidden(intent.id).session as string | undefined;
  return id === undefined ? undefined : tx.find('checkout.session', id);
}

interface Leaving {
  embedded: boolean;
  went: boolean;
  target: string | null;
}

/** Stripe's own parameters tell the page of the shop how it went. */
function leave(tx: Tx, intent: Intent, { embedded, went, target }: Leaving): Response {
  const status = went ? 'succeeded' : 'failed';
  const session = sessionOf(tx, intent);
  if (session && session.ui_mode !== 'elements') {
    return redirect(`/c/pay/${session.id}?redirect_status=${status}${embedded ? '&embedded=1' : ''}`);
  }
  if (embedded || target === null) {
    const frame = frameFor(embedded);
    return page(renderChallengeDone(frame, went ? 'complete' : 'fail'), frame, { embeddable: true });
  }
  const url = new URL(target);
  const name = intent.object === 'setup_intent' ? 'setup_intent' : 'payment_intent';
  url.searchParams.set(name, intent.id);
  url.searchParams.set(`${name}_client_secret`, intent.client_secret ?? '');
  url.searchParams.set('redirect_status', status);
  return redirect(url.href);
}
