// A shop's page in React: the providers and components of @stripe/react-stripe-js, in StrictMode, unchanged.
import {
  CardElement,
  Elements,
  EmbeddedCheckout,
  EmbeddedCheckoutProvider,
  PaymentElement as IntentPaymentElement,
  useElements,
  useStripe,
} from '@stripe/react-stripe-js';
import { CheckoutElementsProvider, PaymentElement, useCheckoutElements } from '@stripe/react-stripe-js/checkout';
import { loadStripe } from '@stripe/stripe-js';
import { createElement as h, type ReactElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const query = new URLSearchParams(window.location.search);
const clientSecret = query.get('secret') ?? '';
const stripe = loadStripe(query.get('key') ?? '');

function Pay(): ReactElement {
  const state = useCheckoutElements();
  const [said, say] = useState('');
  if (state.type === 'loading') return h('p', null, 'loading');
  if (state.type === 'error') return h('p', { id: 'said' }, state.error.message);
  const { checkout } = state;
  const pay = async (): Promise<void> => {
    const result = await checkout.confirm({ redirect: 'if_required' });
    say(result.type === 'success' ? `status ${result.session.status.type}` : result.error.message);
  };
  const apply = (): void => void checkout.applyPromotionCode('FRIENDS');
  const more = (): void =>
    void checkout.updateLineItemQuantity({ lineItem: checkout.lineItems[0]?.id ?? '', quantity: 3 });
  return h(
    'div',
    null,
    h('p', { id: 'total' }, checkout.total.total.amount),
    h('input', { 'aria-label': 'E-mail', onChange: (event) => void checkout.updateEmail(event.target.value) }),
    h(PaymentElement),
    h('button', { type: 'button', onClick: apply }, 'Apply'),
    h('button', { type: 'button', onClick: more }, 'Three'),
    h('button', { type: 'button', onClick: () => void pay(), disabled: !checkout.canConfirm }, 'Pay'),
    h('p', { id: 'said' }, said),
  );
}

/** A payment intent, with the payment element or with the older card element. */
function PayIntent({ card }: { card: boolean }): ReactElement {
  const [loaded, elements] = [useStripe(), useElements()];
  const [said, say] = useState('');
  const pay = async (): Promise<void> => {
    const element = elements?.getElement(CardElement);
    if (!loaded || !elements) return;
    const result =
      card && element
        ? await loaded.confirmCardPayment(clientSecret, { payment_method: { card: element } })
        : await loaded.confirmPayment({ elements, redirect: 'if_required' });
    say(result.error?.message ?? `status ${result.paymentIntent?.status}`);
  };
  return h(
    'div',
    null,
    card ? h(CardElement) : h(IntentPaymentElement),
    h('button', { type: 'button', onClick: () => void pay() }, 'Pay'),
    h('p', { id: 'said' }, said),
  );
}

const PAGES: Record<string, () => ReactElement> = {
  payment: () => h(Elements, { stripe, options: { clientSecret } }, h(PayIntent, { card: false })),
  card: () => h(Elements, { stripe }, h(PayIntent, { card: true })),
};

const app =
  PAGES[query.get('page') ?? '']?.() ??
  (query.get('page') === 'embedded'
    ? h(EmbeddedCheckoutProvider, { stripe, options: { clientSecret } }, h(EmbeddedCheckout))
    : h(CheckoutElementsProvider, { stripe, options: { clientSecret } }, h(Pay)));
const root = document.querySelector('#place');
if (root) createRoot(root).render(h(StrictMode, null, app));
