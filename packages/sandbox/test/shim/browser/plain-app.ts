// A shop's page without a framework, as the shop would write it: only @stripe/stripe-js, and buttons that the test
// presses through `window.shop`.
import { loadStripe, type Stripe } from '@stripe/stripe-js';

declare global {
  interface Window {
    shop: Record<string, (...args: never[]) => unknown>;
    heard: unknown[];
  }
}

const key = new URLSearchParams(window.location.search).get('key') ?? '';
const stripe = (): Promise<Stripe> =>
  loadStripe(key).then((loaded) => loaded ?? Promise.reject(new Error('no Stripe')));
const place = document.querySelector('#place');
window.heard = [];

window.shop = {
  async scripts() {
    await stripe();
    return [...document.scripts].map((script) => script.src);
  },
  async payment(clientSecret: string) {
    const loaded = await stripe();
    const elements = loaded.elements({ clientSecret });
    const element = elements.create('payment');
    element.on('change', (event) => window.heard.push(event.complete));
    await new Promise<void>((resolve) => {
      element.on('ready', () => resolve());
      element.mount('#place');
    });
    window.shop.confirm = async (redirect: 'if_required' | 'always') => {
      const confirmParams = { return_url: `${window.location.origin}/back` };
      return loaded.confirmPayment({ elements, confirmParams, redirect: redirect as 'if_required' });
    };
  },
  async card(clientSecret: string) {
    const loaded = await stripe();
    const card = loaded.elements().create('card');
    card.mount('#place');
    window.shop.confirm = () =>
      loaded.confirmCardPayment(clientSecret, { payment_method: { card, billing_details: { name: 'Ann' } } });
    window.shop.token = () => loaded.createToken(card);
    window.shop.method = () => loaded.createPaymentMethod({ type: 'card', card });
  },
  async address() {
    const element = (await stripe()).elements().create('address', {
      mode: 'shipping',
      allowedCountries: ['US', 'DE'],
      defaultValues: { name: 'Ann', address: { country: 'DE', city: 'Ulm' } },
    });
    element.on('change', (event) => window.heard.push(event));
    element.mount('#place');
    window.shop.value = () => element.getValue();
  },
  async wallet() {
    const element = (await stripe())
      .elements({ mode: 'payment', amount: 5000, currency: 'usd' })
      .create('expressCheckout');
    element.on('click', (event) => event.resolve());
    element.on('confirm', (event) => window.heard.push(event.expressPaymentType));
    element.mount('#place');
  },
  async setup(clientSecret: string) {
    const loaded = await stripe();
    const elements = loaded.elements({ clientSecret });
    elements.create('payment').mount('#place');
    window.shop.confirm = () => loaded.confirmSetup({ elements, redirect: 'if_required' });
  },
  async next(clientSecret: string) {
    return (await stripe()).handleNextAction({ clientSecret });
  },
  async embedded(clientSecret: string, withCallback: boolean) {
    const loaded = await stripe();
    const onComplete = (): void => void window.heard.push('complete');
    const page = await loaded.createEmbeddedCheckoutPage({
      clientSecret,
      ...(withCallback ? { onComplete } : {}),
      onLineItemsChange: async ({ lineItems }) => {
        window.heard.push(...lineItems);
        return { type: 'accept' };
      },
    });
    page.mount('#place');
    window.shop.destroy = () => page.destroy();
  },
  async checkout(clientSecret: string) {
    const loaded = await stripe();
    const checkout = loaded.initCheckoutElementsSdk({ clientSecret, defaultValues: { email: 'ann@example.com' } });
    checkout.on('change', (session) => window.heard.push(session.total.total.amount));
    checkout.createPaymentElement().mount('#place');
    const result = await checkout.loadActions();
    if (result.type === 'error') throw new Error(result.error.message);
    Object.assign(window.shop, result.actions);
    return result.actions.getSession();
  },
  async wrong(name: string, ...args: never[]) {
    const loaded = (await stripe()) as unknown as Record<string, (...given: unknown[]) => unknown>;
    try {
      await loaded[name]?.(...args);
      return 'nothing was thrown';
    } catch (error) {
      return (error as Error).message;
    }
  },
};
place?.setAttribute('data-ready', '');
