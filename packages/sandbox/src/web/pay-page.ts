import { typedCardMethod } from '../client-routes/typed-card.ts';
import { methodFor } from '../control/pay.ts';
import { ApiFailure } from '../kernel/failure.ts';
import type { Session } from '../kernel/kinds.ts';
import { type PaymentForm, readPaymentForm, renderPaymentPage, renderSessionEnd } from '../pages/index.ts';
import type { SessionEnd } from '../pages/views.ts';
import { collect } from '../resources/checkout/collect.ts';
import { type Confirmation, type Confirmed, confirmSession } from '../resources/checkout/confirm.ts';
import { timeFor } from '../resources/customers/frozen-time.ts';
import { declineSentence } from '../resources/customers/test-cards.ts';
import { inTx, type Tx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { cardProblems, collectedFrom, missingFields, takeMisplacedCards } from './payment-fields.ts';
import { formIsOurs, frameFor, page, plain, redirect } from './respond.ts';
import { type PageState, paymentView, sellerOf } from './views.ts';
import { NOBODY } from './web.ts';

/** The payment page of a session, or the sentence that says why it cannot be paid. */
export function showSession(world: World, id: string, url: URL): Response {
  const embedded = url.searchParams.get('embedded') === '1';
  return inTx(world, NOBODY, (tx) => {
    const session = tx.find('checkout.session', id);
    if (!session || session.ui_mode === 'elements') return plain('There is no such checkout.', 404);
    const back = url.searchParams.get('redirect_status');
    if (session.status === 'complete' && back !== null) return redirect(afterUrl(session, embedded));
    if (session.status !== 'open')
      return endPage(tx, session, session.status === 'expired' ? 'expired' : 'complete', embedded);
    if (session.expires_at <= timeFor(tx, session.customer)) return endPage(tx, session, 'expired', embedded);
    return formPage(
      tx,
      session,
      { embedded, status: 200 },
      { notice: back === 'failed' ? lastError(tx, session) : null },
    );
  });
}

function lastError(tx: Tx, session: Session): string {
  const intent = session.payment_intent === null ? undefined : tx.find('payment_intent', session.payment_intent);
  return intent?.last_payment_error?.message ?? 'The bank could not confirm that it is you. Try again.';
}

function afterUrl(session: Session, embedded: boolean): string {
  return `/c/pay/${session.id}/after${embedded ? '?embedded=1' : ''}`;
}

export function endPage(tx: Tx, session: Session, end: SessionEnd, embedded: boolean): Response {
  const frame = frameFor(embedded);
  const again =
    end === 'abandoned' || end === 'left_open' ? `/c/pay/${session.id}${embedded ? '?embedded=1' : ''}` : null;
  const html = renderSessionEnd({
    frame,
    session_id: session.id,
    end,
    payment_status: session.payment_status as 'paid' | 'unpaid' | 'no_payment_required',
    seller: sellerOf(tx, session),
    again_url: again ?? session.after_expiration?.recovery?.url ?? null,
  });
  return page(html, frame, { embeddable: session.ui_mode === 'embedded_page' });
}

function formPage(tx: Tx, session: Session, way: { embedded: boolean; status: number }, state: PageState): Response {
  const { embedded, status } = way;
  const frame = frameFor(embedded);
  const html = renderPaymentPage(paymentView(tx, session, frame, state));
  const formTargets = [session.success_url, session.return_url, session.cancel_url].filter(
    (url) => typeof url === 'string',
  );
  return page(html, frame, { status, formTargets, embeddable: session.ui_mode === 'embedded_page' });
}

/** Both buttons of the form: `confirm` pays, `update` works the amounts out again. */
export async function postSession(world: World, id: string, request: Request, pays: boolean): Promise<Response> {
  const params = new URLSearchParams(await request.text());
  if (!formIsOurs(world, request, params, id)) return plain('This form did not come from the payment page.', 403);
  const misplaced = takeMisplacedCards(params);
  const form = readPaymentForm(params);
  const known = inTx(world, NOBODY, (tx) => structuredClone(tx.find('checkout.session', id)));
  if (!known) return plain('There is no such checkout.', 404);
  if (known.status !== 'open') return redirect(`/c/pay/${id}${form.embedded ? '?embedded=1' : ''}`);
  const render = (status: number, state: PageState): Response =>
    inTx(world, NOBODY, (tx) => {
      const session = tx.get('checkout.session', id);
      const kept = { typed: form.typed, customValues: form.custom_fields, ...state };
      return formPage(tx, session, { embedded: form.embedded, status }, kept);
    });
  if (Object.keys(misplaced).length > 0) return render(422, { errors: misplaced });
  try {
    if (!pays || form.intent !== 'pay') return reprice(world, id, form, render);
    return pay(world, known, form, render);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    world.log({ what: 'page refused', session: id, message: error.message });
    return refused(error, render);
  }
}

type Render = (status: number, state: PageState) => Response;

/** A refusal stands at its field when the page has one of that name. */
function refused(failure: ApiFailure, render: Render): Response {
  const { param, message } = failure.body;
  const field = /^(email|phone|name|promotion_code|shipping_rate|card_|custom_fields|quantities|consent)/.test(
    param ?? '',
  );
  return render(422, field && param ? { errors: { [param]: message } } : { notice: message });
}

function reprice(world: World, id: string, form: PaymentForm, render: Render): Response {
  inTx(world, NOBODY, (tx) => {
    const session = tx.get('checkout.session', id);
    const given = collectedFrom(form);
    if (form.intent === 'remove_promotion') collect(tx, session, { promotion_code: null });
    else if (form.intent === 'apply_promotion') collect(tx, session, { promotion_code: form.typed.promotion_code });
    else if (form.intent === 'shipping') collect(tx, session, { shipping_rate: form.typed.shipping_rate });
    else collect(tx, session, { quantities: given.quantities });
  });
  const typed = { ...form.typed, promotion_code: form.intent === 'apply_promotion' ? '' : form.typed.promotion_code };
  return render(200, { typed });
}

function pay(world: World, known: Session, form: PaymentForm, render: Render): Response {
  const { instrument } = form;
  if (instrument.by === 'outcome' && instrument.outcome === 'abandons') {
    return inTx(world, NOBODY, (tx) => endPage(tx, tx.get('checkout.session', known.id), 'abandoned', form.embedded));
  }
  const free = known.mode === 'payment' && known.amount_total === 0;
  const errors = { ...missingFields(known, form), ...(free ? {} : cardProblems(instrument, world.clock.now())) };
  if (Object.keys(errors).length > 0) return render(422, { errors });
  if (form.typed.promotion_code !== '' && known.allow_promotion_codes === true) {
    // A code that was typed but not yet applied: show what it does before any money moves.
    return reprice(world, known.id, { ...form, intent: 'apply_promotion' }, render);
  }
  const answer = inTx(world, NOBODY, (tx): { result: Confirmed; next: string } | 'changed' => {
    const session = tx.get('checkout.session', known.id);
    collect(tx, session, collectedFrom(form));
    if (form.expected_minor !== null && form.expected_minor !== (session.amount_total ?? 0)) return 'changed';
    const result = confirmSession(tx, session, {
      method: methodOf(form),
      save_card: form.typed.save_card,
      return_url: `${world.publicUrl}/c/pay/${session.id}`,
    });
    return { result, next: afterConfirm(session, result, form) };
  });
  if (answer === 'changed') return render(422, { notice: 'The total has changed. Look at it again, then pay.' });
  if (answer.result.kind === 'declined') {
    const { code, decline_code } = answer.result.refusal;
    return render(402, { notice: declineSentence(code, decline_code) });
  }
  if (closes(form) && answer.result.kind === 'complete') {
    return inTx(world, NOBODY, (tx) =>
      endPage(tx, tx.get('checkout.session', known.id), 'closed_after_paying', form.embedded),
    );
  }
  return redirect(answer.next);
}

function closes(form: PaymentForm): boolean {
  const { instrument } = form;
  return instrument.by === 'card' ? instrument.closes_after_paying : instrument.outcome === 'closes_after_paying';
}

function methodOf(form: PaymentForm): Confirmation['method'] {
  const { instrument } = form;
  if (instrument.by === 'card') return (tx, billing) => typedCardMethod(tx, instrument, billing);
  const { outcome, decline_code, later_result } = instrument;
  const later = later_result === 'fails' ? 'pays later, then fails' : 'pays later';
  return methodFor(outcome === 'pays_later' ? { outcome: later } : { outcome, decline_code });
}

function afterConfirm(session: Session, result: Confirmed, form: PaymentForm): string {
  if (result.kind !== 'requires_action') return afterUrl(session, form.embedded);
  const intent = session.mode === 'setup' ? session.setup_intent : session.payment_intent;
  return `/3ds/${intent}${form.embedded ? '?embedded=1' : ''}`;
}
