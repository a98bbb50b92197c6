// The page inside an element's iframe: what `stripe.elements()` and the checkout elements mount. Same origin as the
// sandbox, so what is typed here never meets the shop's page.

import { brandName } from '../pages/brands.ts';
import { addressFields } from '../pages/markup/address.ts';
import { checkField, textField } from '../pages/markup/fields.ts';
import { BAND } from '../pages/markup/frame.ts';
import { type Html, html } from '../pages/markup/html.ts';
import { DEBIT_IBAN, DECLINE_CARD, FILLED_CVC, FILLED_EXPIRY, OUTCOME_CARD, spacedNumber } from '../pages/outcomes.ts';
import type { PageFrame, TestCardView } from '../pages/views.ts';

/** The kinds of frame; anything else is no element of the sandbox. */
export const FRAME_KINDS = [
  'payment',
  'card',
  'address',
  'linkAuthentication',
  'contactDetails',
  'expressCheckout',
  'taxId',
  'currencySelector',
  'terms',
  'linkSignup', //
] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

export interface ElementFrameView {
  frame: PageFrame;
  kind: FrameKind;
  mode: 'billing' | 'shipping';
  /** Two-letter codes; null allows all. */
  countries: string[] | null;
  phone: boolean;
  test_cards: TestCardView[];
}

/** The whole document of one element. */
export function renderElementFrame(view: ElementFrameView): string {
  const { frame, kind } = view;
  const page = html`<!doctype html>
<html lang="en" data-embedded>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Element of the sandbox</title>
<link rel="stylesheet" href="/sandbox/pages.css" nonce="${frame.nonce}">
<script src="/sandbox/frame.js" nonce="${frame.nonce}" defer></script>
</head>
<body class="element ${kind}" data-kind="${kind}">
<main><form id="element" novalidate autocomplete="off">${content(view)}</form></main>
</body>
</html>
`;
  return page.markup;
}

function content(view: ElementFrameView): Html {
  switch (view.kind) {
    case 'payment':
      return html`${outcomeField()}<div class="card-fields">${cardFields(view)}</div>${debitNote()}${band()}`;
    case 'card':
      return html`<div class="card-line">${cardFields(view)}</div>${band()}`;
    case 'address':
      return addressContent(view);
    case 'linkAuthentication':
      return emailField();
    case 'contactDetails':
      return html`${emailField()}${view.phone ? phoneField() : null}`;
    case 'expressCheckout':
      return html`<button type="button" class="main wallet" id="wallet">Pay with the pretend wallet</button>${band()}`;
    case 'taxId':
      return html`${textField({ name: 'value', label: 'Tax ID', value: '' }, {})}${textField({ name: 'businessName', label: 'Business name', value: '' }, {})}`;
    case 'currencySelector':
      return html`<p class="hint">The sandbox shows one currency: the session’s own.</p>`;
    case 'terms':
      return checkField('terms', 'I agree to the terms of the shop', false, {});
    case 'linkSignup':
      return html`<p class="hint">Saving with a wallet of another company is not in the sandbox.</p>`;
  }
}

function band(): Html {
  return html`<p class="hint" id="band">${BAND} Test cards only. Unofficial, not affiliated with Stripe.</p>`;
}

function outcomeField(): Html {
  const choice = (value: string, number: string, label: string): Html =>
    html`<option value="${value}" data-card="${spacedNumber(number)}">${label}</option>`;
  return html`<div class="field"><label for="f-outcome">What should happen?</label><select id="f-outcome" name="outcome">
${choice('pays', OUTCOME_CARD.pays, 'Pays')}
${choice('declined', DECLINE_CARD.generic_decline, 'Is declined')}
${choice('insufficient_funds', DECLINE_CARD.insufficient_funds, 'Is declined: insufficient funds')}
${choice('needs_3ds', OUTCOME_CARD.needs_3ds, 'Needs 3-D Secure')}
${choice('later_succeeds', '', 'Pays later by bank debit: then succeeds')}
${choice('later_fails', '', 'Pays later by bank debit: then fails')}
${choice('card', '', 'Whatever the card does')}</select></div>`;
}

/** Filled in where an outcome is chosen; empty where a person types, as in the plain card element. */
function cardFields(view: ElementFrameView): Html {
  const filled = view.kind === 'payment';
  const small = (name: string, label: string, shape: string, value: string): Html =>
    html`<div class="field half"><label for="f-${name}">${label}</label><input id="f-${name}" name="${name}" inputmode="numeric" autocomplete="off" maxlength="9" placeholder="${shape}" value="${filled ? value : ''}"></div>`;
  return html`<div class="row"><div class="field"><label for="f-card_number">Card number</label>
<input id="f-card_number" name="card_number" inputmode="numeric" autocomplete="off" maxlength="30" placeholder="${spacedNumber(OUTCOME_CARD.pays)}" value="${filled ? spacedNumber(OUTCOME_CARD.pays) : ''}" list="test-cards"></div>
${small('card_expiry', 'Expires', 'MM / YY', FILLED_EXPIRY)}${small('card_cvc', 'Security code', 'CVC', FILLED_CVC)}</div>
<p class="error" id="card-error" role="alert" hidden></p>
<datalist id="test-cards">${view.test_cards.map((card) => html`<option value="${spacedNumber(card.number)}" data-brand="${card.brand}">${brandName(card.brand)}, ${card.means}</option>`)}</datalist>`;
}

function debitNote(): Html {
  return html`<div class="debit-note" hidden><p class="label">Account of the bank debit</p><p class="iban" data-later_succeeds="${DEBIT_IBAN.succeeds}" data-later_fails="${DEBIT_IBAN.fails}">${DEBIT_IBAN.succeeds}</p></div>`;
}

function emailField(): Html {
  return textField(
    {
      name: 'email',
      label: 'E-mail',
      value: '',
      type: 'email',
      inputmode: 'email',
      autocomplete: 'email',
      required: true,
    },
    {},
  );
}

function phoneField(): Html {
  return textField(
    { name: 'phone', label: 'Phone', value: '', type: 'tel', inputmode: 'tel', autocomplete: 'tel', required: true },
    {},
  );
}

function addressContent(view: ElementFrameView): Html {
  // Where only one country is possible there is nothing to choose.
  const only = view.countries?.length === 1 ? view.countries[0] : undefined;
  const nowhere = { line1: '', line2: '', city: '', state: '', postal_code: '', country: only ?? '' };
  return html`${textField({ name: 'name', label: 'Full name', value: '', autocomplete: 'name', required: true }, {})}
${addressFields({ prefix: view.mode, value: nowhere, allowed: view.countries }, {})}${view.phone ? phoneField() : null}`;
}
