import { child, flag, type Input, integer, needText, text } from '../http/input.ts';
import { badParam } from '../kernel/failure.ts';
import type { Session } from '../kernel/kinds.ts';
import { type Collected, collect } from '../resources/checkout/collect.ts';
import { type Confirmed, confirmSession } from '../resources/checkout/confirm.ts';
import { readAddress } from '../resources/customers/address.ts';
import { usableMethod } from '../resources/customers/payment-methods.ts';
import { declineSentence } from '../resources/customers/test-cards.ts';
import type { Tx } from '../store/tx.ts';
import { sessionState } from './session-state.ts';

/** The session whose secret the browser shows. @throws ApiFailure 404 unknown, 400 for another secret */
export function provenSession(tx: Tx, id: string, input: Input): Session {
  const session = tx.get('checkout.session', id, 'session');
  if (session.client_secret === null || needText(input, 'client_secret') !== session.client_secret) {
    throw badParam('client_secret', 'The client_secret does not belong to this session.');
  }
  return session;
}

/** What the page changed: typed, chosen, or a promotion code. */
export function updateFromBrowser(tx: Tx, session: Session, input: Input) {
  if (session.status !== 'open')
    throw badParam('', `This checkout session is ${session.status} and cannot be changed.`);
  collect(tx, session, collected(input));
  return sessionState(tx, session);
}

/** Pays. A refusal of the bank is no failure of the call: it comes back as an outcome, and the session stays open. */
export function confirmFromBrowser(tx: Tx, session: Session, input: Input) {
  const expected_amount = integer(input, 'expected_amount');
  const result = confirmSession(tx, session, {
    ...collected(input),
    method: () => usableMethod(tx, needText(input, 'payment_method'), 'payment_method'),
    save_card: flag(input, 'save_card') === true,
    ...(expected_amount === undefined ? {} : { expected_amount }),
  });
  return { ...sessionState(tx, session), ...outcome(tx, session, result) };
}

function outcome(tx: Tx, session: Session, result: Confirmed) {
  const intent = session.payment_intent ?? session.setup_intent;
  const challenge_url = result.kind === 'requires_action' ? `${tx.world.publicUrl}/3ds/${intent}` : null;
  if (result.kind !== 'declined') return { outcome: result.kind, challenge_url, refusal: null };
  const { code, decline_code } = result.refusal;
  const refusal = { message: declineSentence(code, decline_code), decline_code: decline_code ?? code };
  return { outcome: result.kind, challenge_url, refusal };
}

/** Only what was sent: an absent name changes nothing. */
function collected(input: Input): Collected {
  const billing = child(input, 'billing');
  const shipping = child(input, 'shipping');
  const given: Collected = {
    email: text(input, 'email'),
    name: text(input, 'name') ?? (billing && text(billing, 'name')),
    phone: text(input, 'phone'),
    shipping_rate: text(input, 'shipping_rate'),
    promotion_code: flag(input, 'remove_promotion') === true ? null : text(input, 'promotion_code'),
    quantities: quantities(child(input, 'quantities')),
  };
  const home = billing && readAddress(child(billing, 'address'));
  const target = shipping && readAddress(child(shipping, 'address'));
  if (home) given.billing_address = home;
  if (target) given.shipping = { name: (shipping && text(shipping, 'name')) ?? '', address: target };
  return given;
}

function quantities(input: Input | undefined): Record<string, number> | undefined {
  if (!input) return undefined;
  return Object.fromEntries(Object.keys(input.fields).map((id) => [id, integer(input, id) ?? 0]));
}
