import type { Customer, PaymentMethod, Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { sessionSecrets } from '../basket/items.ts';
import { completeSession } from '../checkout/complete.ts';
import type { BillingDetails } from '../customers/address.ts';
import type { Refusal } from '../customers/decline.ts';
import { methodSecrets } from '../customers/payment-methods.ts';
import type { Behaviour } from '../customers/test-cards.ts';
import { failSetup, newSetupIntent, readSetupFields, trySetup, unexpectedSetup } from './intents.ts';

export interface SetupFacts {
  method(tx: Tx, billing: BillingDetails): PaymentMethod;
  billing: BillingDetails;
  customer: Customer | undefined;
  return_url?: string | undefined;
}

export type SetUp = { kind: 'complete' | 'requires_action' } | { kind: 'declined'; refusal: Refusal; intent: null };

/** A session that sells nothing but keeps a card. */
export function setUpForSession(tx: Tx, session: Session, facts: SetupFacts): SetUp {
  const { intent_data, allow_redisplay } = sessionSecrets(tx, session);
  const known = session.setup_intent === null ? undefined : tx.find('setup_intent', session.setup_intent);
  const intent =
    known ??
    newSetupIntent(
      tx,
      {
        customer: facts.customer?.id ?? null,
        ...readSetupFields({ path: 'setup_intent_data', fields: intent_data }),
        payment_method_types: session.payment_method_types,
      },
      session.id,
    );
  tx.patch(session, { setup_intent: intent.id });
  const method = facts.method(tx, facts.billing);
  if (method.allow_redisplay === 'unspecified') tx.patch(method, { allow_redisplay: allow_redisplay ?? 'limited' });
  tx.patch(intent, { payment_method: method.id, status: 'requires_confirmation' });
  const return_url = facts.return_url ?? `${tx.world.publicUrl}/c/pay/${session.id}`;
  const refusal = trySetup(tx, intent, { return_url, authenticated: false });
  if (refusal) return { kind: 'declined', refusal, intent: null };
  if (intent.status !== 'succeeded') return { kind: 'requires_action' };
  completeSession(tx, session, { payment_status: 'no_payment_required', setup: intent });
  return { kind: 'complete' };
}

/** The buyer's answer to the bank's question while a card is being kept. */
export function authenticateSetup(tx: Tx, id: string, result: 'complete' | 'fail'): void {
  const intent = tx.get('setup_intent', id, 'intent');
  if (intent.status !== 'requires_action' || intent.payment_method === null)
    throw unexpectedSetup(intent, 'authenticated');
  const method = tx.get('payment_method', intent.payment_method);
  const { behaviour } = methodSecrets(tx, method.id);
  const refusal = result === 'fail' ? { code: 'setup_intent_authentication_failure' } : afterwards(behaviour);
  if (refusal) {
    failSetup(tx, intent, refusal, method);
    return;
  }
  trySetup(tx, intent, { return_url: null, authenticated: true });
  const owner = tx.hidden(id).session as string | undefined;
  const session = owner === undefined ? undefined : tx.find('checkout.session', owner);
  if (session?.status === 'open') {
    completeSession(tx, session, { payment_status: 'no_payment_required', setup: intent });
  }
}

/** Some banks ask first and say no all the same. */
function afterwards(behaviour: Behaviour): Refusal | undefined {
  return behaviour.kind === 'auth_required' ? behaviour.after : undefined;
}
