import { brandName } from './brands.ts';
import { described, fieldError, textField } from './markup/fields.ts';
import { flag, type Html, html } from './markup/html.ts';
import {
  cardFor,
  DEBIT_IBAN,
  DECLINE_CARD,
  DECLINE_CHOICES,
  FILLED_CVC,
  FILLED_EXPIRY,
  type OutcomeChoice,
  outcomeChoices,
  spacedNumber,
} from './outcomes.ts';
import type { PaymentPageView } from './views.ts';

/**
 * The pick-list and the card form under it. Choosing an outcome fills the card form with the card that leads there;
 * typing another card instead moves the choice to "the card typed below".
 */
export function paymentMethod(view: PaymentPageView): Html {
  return html`<fieldset class="outcomes"><legend>What should happen?</legend>
<p class="hint">This page stands in for the bank. Choose an ending; the matching test card is filled in.</p>
<div class="choices">
${outcomeChoices(view.mode).map((choice) => outcomeRow(choice, view))}
</div></fieldset>
${cardForm(view)}
${debitAccount(view)}`;
}

function outcomeRow(choice: OutcomeChoice, view: PaymentPageView): Html {
  const { typed } = view;
  const id = `o-${choice.value}`;
  const card = choice.value === 'declined' ? '' : cardFor(choice.value, typed.decline_code);
  return html`<div class="choice"><input type="radio" id="${id}" name="outcome" value="${choice.value}" data-card="${spacedNumber(card)}" aria-describedby="${id}-hint"${flag('checked', typed.outcome === choice.value)}>
<label for="${id}"><span class="title">${choice.title}</span></label><span class="hint" id="${id}-hint">${choice.hint}</span>
${choice.value === 'declined' ? declineList(view) : null}${choice.value === 'pays_later' ? laterList(view) : null}</div>`;
}

function declineList(view: PaymentPageView): Html {
  return html`<div class="sub"><label for="f-decline_code" class="away">Reason of the decline</label>
<select id="f-decline_code" name="decline_code">${DECLINE_CHOICES.map(
    ({ value, label }) =>
      html`<option value="${value}" data-card="${spacedNumber(DECLINE_CARD[value])}"${flag('selected', value === view.typed.decline_code)}>${label}</option>`,
  )}</select></div>`;
}

function laterList(view: PaymentPageView): Html {
  const later = view.typed.later_result;
  return html`<div class="sub"><label for="f-later_result" class="away">Result of the bank debit</label>
<select id="f-later_result" name="later_result"><option value="succeeds"${flag('selected', later === 'succeeds')}>then succeeds</option>
<option value="fails"${flag('selected', later === 'fails')}>then fails</option></select></div>`;
}

/** The filled-in card is ours, taken from the choice: whatever was typed before is never given back. */
function cardForm(view: PaymentPageView): Html {
  const { typed, errors } = view;
  const number = spacedNumber(cardFor(typed.outcome, typed.decline_code));
  const filled = number !== '';
  return html`<fieldset class="card-form"><legend>Card</legend>
<input type="hidden" name="card_for" value="${typed.outcome}">
<div class="field"><label for="f-card_number">Card number</label>
<div class="number"><input id="f-card_number" name="card_number" type="text" inputmode="numeric" autocomplete="off" spellcheck="false" maxlength="30" value="${number}"${described('card_number', true, errors)}>
<span class="brand" id="card-brand" aria-live="polite"></span></div>
<p class="hint" id="f-card_number-hint">Only test cards work here. Never type a real one.</p>
${fieldError('card_number', errors)}</div>
<div class="row">
${smallField({ name: 'card_expiry', label: 'Expires', shape: 'MM / YY', value: filled ? FILLED_EXPIRY : '' }, view)}
${smallField({ name: 'card_cvc', label: 'Security code', shape: 'CVC', value: filled ? FILLED_CVC : '' }, view)}
</div>
${textField({ name: 'name', label: 'Name on card', value: typed.name, autocomplete: 'cc-name' }, errors)}
${testCards(view)}</fieldset>`;
}

/** Expiry and security code: short, numeric, never given back. */
function smallField(field: { name: string; label: string; shape: string; value: string }, view: PaymentPageView): Html {
  return html`<div class="field half"><label for="f-${field.name}">${field.label}</label>
<input id="f-${field.name}" name="${field.name}" type="text" inputmode="numeric" autocomplete="off" placeholder="${field.shape}" maxlength="9" value="${field.value}"${described(field.name, false, view.errors)}>
${fieldError(field.name, view.errors)}</div>`;
}

function testCards(view: PaymentPageView): Html | null {
  if (view.test_cards.length === 0) return null;
  return html`<details class="cards"><summary>All ${view.test_cards.length} test cards</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Test cards"><table><thead><tr><th scope="col">Number</th><th scope="col">Brand</th><th scope="col">What it does</th></tr></thead>
<tbody>${view.test_cards.map(
    (card) =>
      html`<tr><td><button type="button" class="pick" data-number="${spacedNumber(card.number)}" data-brand="${brandName(card.brand)}"><span class="away">Use </span>${spacedNumber(card.number)}</button></td><td>${brandName(card.brand)}</td><td>${card.means}</td></tr>`,
  )}</tbody></table></div></details>`;
}

function debitAccount(view: PaymentPageView): Html {
  const iban = DEBIT_IBAN[view.typed.later_result];
  return html`<div class="debit"><p class="label">Account of the bank debit</p>
<p class="iban" data-succeeds="${DEBIT_IBAN.succeeds}" data-fails="${DEBIT_IBAN.fails}">${iban}</p>
<p class="hint">A test account. The order stays unpaid until the bank has answered.</p></div>`;
}
