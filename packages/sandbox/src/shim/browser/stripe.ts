// The sandbox's stand-in for Stripe.js. Loaded by a classic script tag before the application, it sets
// `window.Stripe`, and `loadStripe` then takes it instead of fetching anything. It serves sandbox keys only.
import type { Stripe, StripeConstructor } from '@stripe/stripe-js';
import { type CheckoutOptions, initCheckout } from './checkout.ts';
import { createConfirmationToken, createPaymentMethod, createToken } from './collect.ts';
import { type ConfirmOptions, confirmCard, confirmWithElements, nextAction, retrieve } from './confirm.ts';
import { createGroup, type GroupOptions } from './elements.ts';
import { createEmbeddedPage, type EmbeddedOptions } from './embedded.ts';
import { integrationError, openWire } from './wire.ts';

declare global {
  interface Window {
    /** Found in a bundle, this name means that the stand-in got where it must never be. */
    __KASSA_SANDBOX_STRIPE_JS__?: true;
  }
}

/** Names that Stripe took away, with what came instead. */
const REMOVED = {
  initEmbeddedCheckout: 'createEmbeddedCheckoutPage',
  initCheckout: 'initCheckoutElementsSdk',
  redirectToCheckout: 'the url of the session: window.location.href = url',
} as const;

type Served =
  | 'elements'
  | 'createEmbeddedCheckoutPage'
  | 'initCheckoutElementsSdk'
  | 'confirmPayment'
  | 'confirmSetup'
  | 'confirmCardPayment'
  | 'confirmCardSetup'
  | 'handleNextAction'
  | 'handleCardAction'
  | 'createPaymentMethod'
  | 'createConfirmationToken'
  | 'createToken'
  | 'retrievePaymentIntent'
  | 'retrieveSetupIntent'
  | 'paymentRequest'
  | 'registerAppInfo';

/** Everything else that Stripe.js can do. The type makes a forgotten or a wrong name an error. */
const UNSERVED: Record<Exclude<keyof Stripe, Served>, true> = {
  collectBankAccountForPayment: true,
  collectBankAccountForSetup: true,
  collectBankAccountToken: true,
  collectFinancialConnectionsAccounts: true,
  confirmAcssDebitPayment: true,
  confirmAcssDebitSetup: true,
  confirmAffirmPayment: true,
  confirmAfterpayClearpayPayment: true,
  confirmAlipayPayment: true,
  confirmAmazonPaySetup: true,
  confirmAuBecsDebitPayment: true,
  confirmAuBecsDebitSetup: true,
  confirmBacsDebitSetup: true,
  confirmBancontactPayment: true,
  confirmBancontactSetup: true,
  confirmBilliePayment: true,
  confirmBlikPayment: true,
  confirmBlikSetup: true,
  confirmBoletoPayment: true,
  confirmCashappPayment: true,
  confirmCashappSetup: true,
  confirmCustomerBalancePayment: true,
  confirmEpsPayment: true,
  confirmFpxPayment: true,
  confirmGiropayPayment: true,
  confirmGrabPayPayment: true,
  confirmIdealPayment: true,
  confirmIdealSetup: true,
  confirmKlarnaPayment: true,
  confirmKonbiniPayment: true,
  confirmMobilepayPayment: true,
  confirmMultibancoPayment: true,
  confirmOxxoPayment: true,
  confirmP24Payment: true,
  confirmPayByBankPayment: true,
  confirmPayNowPayment: true,
  confirmPayPalPayment: true,
  confirmPayPalSetup: true,
  confirmPixPayment: true,
  confirmPromptPayPayment: true,
  confirmSepaDebitPayment: true,
  confirmSepaDebitSetup: true,
  confirmSofortPayment: true,
  confirmSofortSetup: true,
  confirmTwintPayment: true,
  confirmUsBankAccountPayment: true,
  confirmUsBankAccountSetup: true,
  confirmWechatPayPayment: true,
  createEphemeralKeyNonce: true,
  createRadarSession: true,
  initCheckoutFormSdk: true,
  initializePricing: true,
  processOrder: true,
  retrieveOrder: true,
  verifyIdentity: true,
  verifyMicrodepositsForPayment: true,
  verifyMicrodepositsForSetup: true,
};

const script = document.currentScript;
const base = script instanceof HTMLScriptElement ? new URL(script.src).origin : window.location.origin;

function makeStripe(key: unknown): Record<string, unknown> {
  if (typeof key !== 'string' || !key.startsWith('pk_test_sandbox_')) {
    throw integrationError(
      'This is the sandbox’s stand-in for Stripe.js. It takes keys that begin with pk_test_sandbox_ only.',
    );
  }
  const wire = openWire(base, key);
  const card =
    (kind: 'payment' | 'setup') =>
    (secret: string, params?: Record<string, unknown>, options?: { handleActions?: boolean }) =>
      confirmCard(wire, kind, secret, {
        ...(params ? { params } : {}),
        handleActions: options?.handleActions !== false,
      });
  const stripe: Record<Served | '_registerWrapper', unknown> & Record<string, unknown> = {
    _registerWrapper: () => undefined,
    registerAppInfo: () => undefined,
    elements: (options?: GroupOptions) => createGroup(wire, options),
    createEmbeddedCheckoutPage: (options: EmbeddedOptions) => createEmbeddedPage(wire, options),
    initCheckoutElementsSdk: (options: CheckoutOptions) => initCheckout(wire, options),
    confirmPayment: (options: ConfirmOptions) => confirmWithElements(wire, 'payment', options),
    confirmSetup: (options: ConfirmOptions) => confirmWithElements(wire, 'setup', options),
    confirmCardPayment: card('payment'),
    confirmCardSetup: card('setup'),
    handleNextAction: ({ clientSecret }: { clientSecret: string }) => nextAction(wire, clientSecret),
    handleCardAction: (secret: string) => nextAction(wire, secret),
    createPaymentMethod: (options: Record<string, unknown>) => createPaymentMethod(wire, options),
    createConfirmationToken: (options: Record<string, unknown>) => createConfirmationToken(wire, options),
    createToken,
    retrievePaymentIntent: (secret: string) => retrieve(wire, 'payment', secret),
    retrieveSetupIntent: (secret: string) => retrieve(wire, 'setup', secret),
    paymentRequest: () => ({
      canMakePayment: async () => null,
      on: () => undefined,
      off: () => undefined,
      show: () => undefined,
    }),
  };
  for (const [name, instead] of Object.entries(REMOVED)) {
    stripe[name] = () => {
      throw integrationError(`stripe.${name}() was removed. Use ${instead}.`);
    };
  }
  for (const name of Object.keys(UNSERVED)) {
    stripe[name] = () => {
      throw integrationError(`stripe.${name}() is not in the sandbox.`);
    };
  }
  return stripe;
}

window.__KASSA_SANDBOX_STRIPE_JS__ = true;
// The page gets what Stripe's own types promise; what is behind them is narrower and says so when it is called.
window.Stripe = Object.assign(makeStripe, { version: 'endive' }) as unknown as StripeConstructor;
