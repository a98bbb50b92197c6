// What a page can do with a Checkout Session: change it, check the elements, pay.
import type {
  StripeCheckoutConfirmResult,
  StripeCheckoutContact,
  StripeCheckoutLoadActionsSuccess,
  StripeCheckoutSession,
  StripeCheckoutValidateElementsResult,
  StripeError,
} from '@stripe/stripe-js';
import { askBank } from './challenge.ts';
import type { Checkout, ConfirmReply, SessionState } from './checkout.ts';
import type { Inside } from './element.ts';
import { isRecord } from './elements.ts';
import type { Params } from './wire.ts';

type Success = { type: 'success'; session: StripeCheckoutSession };
type Refused = { type: 'error'; error: { message: string; code: null } };

export function checkoutActions(checkout: Checkout): StripeCheckoutLoadActionsSuccess {
  const change = (params: Params): Promise<Success | Refused> => changeSession(checkout, params);
  /** These results have no room for an error, so what went wrong is thrown. */
  const surely = async (params: Params): Promise<Success> => {
    const result = await change(params);
    if (result.type === 'error') throw new Error(result.error.message);
    return result;
  };
  const nothing = async (): Promise<Refused> => refused('Optional items are not in the sandbox.');
  return {
    applyPromotionCode: async (promotionCode) => {
      const result = await change({ promotion_code: promotionCode });
      return result.type === 'success'
        ? result
        : { type: 'error', error: { message: result.error.message, code: 'invalidCode' } };
    },
    removePromotionCode: () => change({ remove_promotion: true }),
    updateShippingAddress: (contact) => change({ shipping: contactParams(contact) }),
    updateBillingAddress: (contact) => change({ billing: contactParams(contact) }),
    updatePhoneNumber: (phone) => surely({ phone: phone ?? '' }),
    updateIndividualName: (name) => surely({ name: name ?? '' }),
    updateBusinessName: async (businessName) => localChange(checkout, { businessName }),
    updateEmail: async (email) => {
      const wrong = emailProblem(email ?? '');
      if (wrong) return { type: 'error', error: wrong };
      return surely({ email });
    },
    updateLineItemQuantity: ({ lineItem, quantity }) => change({ quantities: { [lineItem]: quantity } }),
    updateTaxIdInfo: async (taxIdInfo) => localChange(checkout, { taxIdInfo }),
    updateShippingOption: (shippingOption) => change({ shipping_rate: shippingOption }),
    confirm: (args = {}) => confirm(checkout, args),
    getSession: () => checkout.session(),
    runServerUpdate: async (work) => {
      await work();
      const loaded = await checkout.load();
      return loaded.error ? refused(loaded.error.message) : { type: 'success', session: checkout.adopt(loaded.value) };
    },
    validateElements: () => validate(checkout),
    addOptionalLineItem: nothing,
    removeOptionalLineItem: nothing,
  };
}

async function changeSession(checkout: Checkout, params: Params): Promise<Success | Refused> {
  const reply = await checkout.send<SessionState>('update', params);
  if (reply.error) return refused(reply.error.message);
  return { type: 'success', session: checkout.adopt(reply.value) };
}

/** What only this page knows; the API has no place for it in the sandbox. */
function localChange(checkout: Checkout, change: Partial<StripeCheckoutSession>): Success {
  const state = checkout.state();
  return { type: 'success', session: checkout.adopt({ ...state, view: { ...state.view, ...change } }) };
}

function refused(message: string | undefined): Refused {
  return { type: 'error', error: { message: message ?? 'The sandbox refused this.', code: null } };
}

function emailProblem(email: string): { message: string; code: 'incompleteEmail' | 'invalidEmail' } | null {
  if (!email.includes('@') || /@[^.]*$/.test(email))
    return { message: 'The e-mail address is incomplete.', code: 'incompleteEmail' };
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)
    ? null
    : { message: 'The e-mail address is invalid.', code: 'invalidEmail' };
}

function contactParams(contact: StripeCheckoutContact | null): Params {
  return contact === null
    ? { clear: true }
    : { name: contact.name ?? '', address: contact.address as unknown as Params };
}

const VALIDATED = {
  Payment: 'payment',
  ContactDetails: 'contactDetails',
  ShippingAddress: 'shippingAddress',
  BillingAddress: 'billingAddress',
  TaxId: 'taxId',
} as const;

async function validate(checkout: Checkout): Promise<StripeCheckoutValidateElementsResult> {
  const problems: { message: string; element: (typeof VALIDATED)[keyof typeof VALIDATED] }[] = [];
  let asked = 0;
  for (const [name, element] of Object.entries(VALIDATED)) {
    const inside = checkout.element(name);
    if (!inside) continue;
    asked += 1;
    const answer = await inside.ask('validate');
    if (answer.error) problems.push({ message: answer.error.message ?? '', element });
  }
  const failed = (code: 'no_elements' | 'validation_error', message: string): StripeCheckoutValidateElementsResult => ({
    type: 'error',
    error: { code, message, validation_errors: problems },
  });
  if (asked === 0) return failed('no_elements', 'There are no elements on the page.');
  const [first] = problems;
  return first ? failed('validation_error', first.message) : { type: 'success', session: checkout.session() };
}

type ConfirmArgs = NonNullable<Parameters<StripeCheckoutLoadActionsSuccess['confirm']>[0]>;

/** Pays. With `redirect: 'always'` it never returns when all went well: the page moves on. */
async function confirm(checkout: Checkout, args: ConfirmArgs): Promise<StripeCheckoutConfirmResult> {
  const { redirect = 'always' } = args;
  const { needs, view, return_url } = checkout.state();
  const target = args.returnUrl ?? return_url;
  if (redirect === 'always' && !target) return refused('Give returnUrl, or a return_url when the session is created.');
  const params: Params = { ...typedParams(checkout, args), expected_amount: view.total.total.minorUnitsAmount };
  if (args.returnUrl) params.return_url = args.returnUrl;
  if (needs.payment) {
    const method = await methodFor(checkout, args);
    if (typeof method !== 'string') return refused(method.message);
    params.payment_method = method;
  }
  const reply = await checkout.send<ConfirmReply>('confirm', params);
  if (reply.error) return refused(reply.error.message);
  const { outcome, challenge_url, refusal } = reply.value;
  checkout.adopt(reply.value);
  if (outcome === 'declined') return declined(refusal?.message, refusal?.decline_code);
  if (outcome === 'requires_action' && challenge_url) {
    const answer = await askBank(checkout.wire.base, challenge_url);
    const loaded = await checkout.load();
    if (loaded.error) return refused(loaded.error.message);
    const after = checkout.adopt(loaded.value);
    if (answer === 'left_open') return refused('The bank’s question was left open. Nothing was charged.');
    if (after.status.type !== 'complete') return declined(after.lastPaymentError?.message, null);
  }
  if (redirect === 'always' && target) {
    window.location.assign(target.replace(/(?:\{|%7B)CHECKOUT_SESSION_ID(?:\}|%7D)/gi, view.id));
    return new Promise(() => undefined);
  }
  return { type: 'success', session: checkout.session() };
}

function declined(message: string | undefined, declineCode: string | null | undefined): StripeCheckoutConfirmResult {
  const said = message ?? 'The payment was refused. Nothing was charged.';
  return {
    type: 'error',
    error: { message: said, code: 'paymentFailed', paymentFailed: { declineCode: declineCode ?? null } },
  };
}

/** What was given wins over what stands in the elements. */
function typedParams(checkout: Checkout, args: ConfirmArgs): Params {
  const params: Params = {};
  const contact = filledIn(checkout.element('ContactDetails'));
  const email = args.email ?? contact.email;
  const phone = args.phoneNumber ?? contact.phone;
  if (email) params.email = String(email);
  if (phone) params.phone = String(phone);
  const billing = args.billingAddress ?? contactOf(checkout.element('BillingAddress'));
  const shipping = args.shippingAddress ?? contactOf(checkout.element('ShippingAddress'));
  if (billing) params.billing = contactParams(billing);
  if (shipping) params.shipping = contactParams(shipping);
  if (args.savePaymentMethod) params.save_card = true;
  return params;
}

function filledIn(inside: Inside | undefined): Record<string, unknown> {
  return inside?.state.complete ? inside.state.value : {};
}

function contactOf(inside: Inside | undefined): StripeCheckoutContact | undefined {
  const { name, address } = filledIn(inside);
  return isRecord(address)
    ? { name: String(name ?? ''), address: address as unknown as StripeCheckoutContact['address'] }
    : undefined;
}

/** The id of a saved method, the pretend wallet's card, or a new method from the payment element. */
async function methodFor(checkout: Checkout, args: ConfirmArgs): Promise<string | StripeError> {
  if (args.paymentMethod) return args.paymentMethod;
  if (args.expressCheckoutConfirmEvent) return 'pm_card_visa';
  const inside = checkout.element('Payment');
  if (!inside)
    return {
      type: 'validation_error',
      message: 'There is no payment element on the page, and no paymentMethod was given.',
    };
  const valid = await inside.ask('validate');
  if (valid.error) return valid.error;
  const answer = await inside.ask('method');
  return answer.error ?? String(answer.value.id);
}
