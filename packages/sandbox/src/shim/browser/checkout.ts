// `initCheckoutElementsSdk`: the elements of one Checkout Session. The object is there at once; the session is read
// from the sandbox in the background and comes with `loadActions`.
import type { StripeCheckoutLoadActionsResult, StripeCheckoutSession } from '@stripe/stripe-js';
import { checkoutActions } from './checkout-actions.ts';
import { createElement, type Face, type Inside } from './element.ts';
import { elementOptions, isRecord, lookOf } from './elements.ts';
import { idOfSecret, integrationError, type Params, type Reply, type Wire } from './wire.ts';

export interface CheckoutOptions {
  clientSecret: Promise<string> | string;
  elementsOptions?: Record<string, unknown>;
  adaptivePricing?: { allowed?: boolean };
  defaultValues?: Record<string, unknown>;
}

/** What the sandbox says about a session. `needs` names what must be known before it can be paid. */
export interface SessionState {
  view: StripeCheckoutSession;
  needs: { payment: boolean; email: boolean; phone: boolean; billing: boolean; shipping: boolean };
  return_url: string | null;
}

export interface ConfirmReply extends SessionState {
  outcome: 'complete' | 'requires_action' | 'declined';
  challenge_url: string | null;
  /** Why the bank said no. Not named `error`: that is how the API says that the call itself failed. */
  refusal: { message: string; decline_code: string | null } | null;
}

/** The session while the page is open. Several calls at once are run one after another, so none undoes another. */
export interface Checkout {
  wire: Wire;
  element(name: string): Inside | undefined;
  elements(): Inside[];
  session(): StripeCheckoutSession;
  state(): SessionState;
  secret(): string;
  load(): Promise<Reply<SessionState>>;
  send<T extends SessionState>(path: 'update' | 'confirm', params: Params): Promise<Reply<T>>;
  adopt(state: SessionState): StripeCheckoutSession;
  announce(): void;
}

/** Elements by the name that stands in their create and get functions. */
const ELEMENTS: Record<string, { type: string; query?: Record<string, string> }> = {
  Payment: { type: 'payment' },
  BillingAddress: { type: 'address', query: { mode: 'billing' } },
  ShippingAddress: { type: 'address', query: { mode: 'shipping' } },
  ExpressCheckout: { type: 'expressCheckout' },
  CurrencySelector: { type: 'currencySelector' },
  ContactDetails: { type: 'contactDetails' },
  TaxId: { type: 'taxId' },
  Terms: { type: 'terms' },
  LinkSignup: { type: 'linkSignup' },
};

export function initCheckout(wire: Wire, options: CheckoutOptions): Record<string, unknown> {
  const elementsOptions = options.elementsOptions ?? {};
  if ('paymentMethodTypes' in elementsOptions)
    throw integrationError('paymentMethodTypes was removed. Use allowedPaymentMethodTypes.');
  if (typeof options.clientSecret === 'string') idOfSecret(options.clientSecret, 'cs_');
  const made = new Map<string, Inside>();
  const handlers: ((session: StripeCheckoutSession) => void)[] = [];
  const checkout = openCheckout(wire, options, { made, handlers });
  let look = lookOf(elementsOptions.appearance);
  const sdk: Record<string, unknown> = {
    on: (event: string, handler: (session: StripeCheckoutSession) => void) => {
      if (event === 'change') handlers.push(handler);
    },
    loadActions: async (): Promise<StripeCheckoutLoadActionsResult> => {
      const loaded = await checkout.load();
      if (loaded.error) return { type: 'error', error: { message: loaded.error.message ?? '', code: null } };
      return { type: 'success', actions: checkoutActions(checkout) };
    },
    changeAppearance: (appearance: unknown) => {
      look = lookOf(appearance);
      for (const inside of made.values()) inside.look(look);
    },
    loadFonts: () => undefined,
  };
  for (const [name, kind] of Object.entries(ELEMENTS)) {
    sdk[`get${name}Element`] = (): Face | null => made.get(name)?.face ?? null;
    sdk[`create${name}Element`] = (wanted: Record<string, unknown> = {}): Face => {
      if (made.has(name))
        throw integrationError(`There is a ${name} element already. Destroy it before making another.`);
      const base = elementOptions(wire, kind.type, { ...wanted, ...kind.query });
      const inside = createElement({
        ...base,
        heard: (itself, event) => {
          base.heard?.(itself, event);
          if (event.type === 'change') checkout.announce();
        },
        destroyed: () => made.delete(name),
      });
      inside.look(look);
      made.set(name, inside);
      return inside.face;
    };
  }
  return sdk;
}

interface Parts {
  made: Map<string, Inside>;
  handlers: ((session: StripeCheckoutSession) => void)[];
}

function openCheckout(wire: Wire, options: CheckoutOptions, { made, handlers }: Parts): Checkout {
  let secret = '';
  let state: SessionState | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let loading: Promise<Reply<SessionState>> | undefined;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };
  const known = (): SessionState => {
    if (!state) throw integrationError('The session is not loaded yet. Await loadActions() first.');
    return state;
  };
  const read = async (): Promise<Reply<SessionState>> => {
    const found = await wire.get<SessionState>(`/sessions/${idOfSecret(secret, 'cs_')}`, { client_secret: secret });
    if (found.value) state = found.value;
    return found;
  };
  const start = async (): Promise<Reply<SessionState>> => {
    secret = await options.clientSecret;
    const found = await read();
    const defaults = defaultsOf(options.defaultValues);
    if (found.value?.view.status.type !== 'open' || Object.keys(defaults).length === 0) return found;
    const filled = await wire.post<SessionState>(`/sessions/${found.value.view.id}/update`, {
      client_secret: secret,
      ...defaults,
    });
    if (filled.value) state = filled.value;
    return filled.value ? filled : found;
  };
  const session = (): StripeCheckoutSession => ({ ...known().view, canConfirm: canConfirm(known(), made) });
  const announce = (): void => {
    if (state) for (const handler of handlers) handler(session());
  };
  return {
    wire,
    element: (name) => made.get(name),
    elements: () => [...made.values()],
    session,
    state: known,
    secret: () => secret,
    load: () => {
      if (loading) return inTurn(read);
      loading = inTurn(start);
      return loading;
    },
    send: (path, params) =>
      inTurn(() => wire.post(`/sessions/${known().view.id}/${path}`, { client_secret: secret, ...params })),
    adopt(next) {
      state = next;
      announce();
      return session();
    },
    announce,
  };
}

function defaultsOf(values: unknown): Params {
  if (!isRecord(values)) return {};
  const { email, phoneNumber, billingAddress, shippingAddress } = values;
  const params: Params = {};
  if (typeof email === 'string') params.email = email;
  if (typeof phoneNumber === 'string') params.phone = phoneNumber;
  if (isRecord(billingAddress)) params.billing = billingAddress as Params;
  if (isRecord(shippingAddress)) params.shipping = shippingAddress as Params;
  return params;
}

/** What the page knows of a value: the session's own, or what stands complete in an element. */
function canConfirm({ view, needs }: SessionState, made: Map<string, Inside>): boolean {
  const complete = (name: string): boolean => made.get(name)?.state.complete === true;
  const contact = complete('ContactDetails');
  if (view.status.type !== 'open') return false;
  if (needs.email && view.email === null && !contact) return false;
  if (needs.phone && view.phoneNumber === null && !contact) return false;
  if (needs.billing && view.billingAddress === null && !complete('BillingAddress')) return false;
  if (needs.shipping && view.shippingAddress === null && !complete('ShippingAddress')) return false;
  return !needs.payment || complete('Payment') || made.has('ExpressCheckout') || !made.has('Payment');
}
