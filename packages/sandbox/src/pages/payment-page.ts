import { addressFields } from './markup/address.ts';
import { checkField, fieldError, fieldId, problemSummary, selectField, textField } from './markup/fields.ts';
import { framePage } from './markup/frame.ts';
import { flag, type Html, html } from './markup/html.ts';
import { momentText } from './markup/moment.ts';
import { money, moneyText } from './markup/money.ts';
import { orderSummary } from './order-summary.ts';
import { paymentMethod } from './payment-method.ts';
import type { CustomFieldView, PaymentPageView } from './views.ts';

// The first button of the form is what the Enter key presses, and the slip's small buttons stand before the pay button.
// So an unseen pay button stands first of all.

/**
 * The page on which a buyer pays, `/c/pay/:cs`. One form without script; with script the same form, which re-prices
 * in place. Goes out with 200, with 422 when `errors` name fields, with 402 when `notice` tells of a decline.
 */
export function renderPaymentPage(view: PaymentPageView): string {
  const title = view.mode === 'setup' ? `Save a card for ${view.seller.name}` : `Pay ${view.seller.name}`;
  return framePage(
    view.frame,
    'pay',
    title,
    html`<main class="split">
<button form="pay" class="away" tabindex="-1" aria-hidden="true" name="intent" value="pay"></button>
${orderSummary(view)}
<section class="checkout" aria-label="Payment">
<form id="pay" method="post" action="/c/pay/${view.session_id}/confirm" data-update="/c/pay/${view.session_id}/update" novalidate>
<input type="hidden" name="token" value="${view.token}">
${view.frame.embedded ? html`<input type="hidden" name="embedded" value="1">` : null}
${problemSummary(view.notice, view.errors)}
${contact(view)}
${delivery(view)}
${customFields(view)}
${view.mode === 'setup' || view.order.total_minor > 0 ? paymentMethod(view) : freeOrder(view)}
${view.ask.billing_address ? addressFields({ prefix: 'billing', value: view.typed.billing, allowed: null }, view.errors) : null}
${consent(view)}
${view.custom_text.submit ? html`<p class="custom">${view.custom_text.submit}</p>` : null}
${payButton(view)}
${view.custom_text.after_submit ? html`<p class="custom">${view.custom_text.after_submit}</p>` : null}
<p class="until">This page can be paid until ${momentText(view.expires_at, view.frame.locale)}.</p>
</form></section>
</main>
<p class="away" role="status" id="said"></p>`,
  );
}

function contact(view: PaymentPageView): Html {
  const { typed, errors } = view;
  const hint = view.email_fixed ? { hint: 'Set by the shop.', readonly: true } : {};
  return html`<fieldset><legend>Contact</legend>
${textField({ name: 'email', label: 'E-mail', value: typed.email, type: 'email', inputmode: 'email', autocomplete: 'email', required: true, maxlength: 512, ...hint }, errors)}
${view.ask.phone ? textField({ name: 'phone', label: 'Phone', value: typed.phone, type: 'tel', inputmode: 'tel', autocomplete: 'tel', required: true, maxlength: 30 }, errors) : null}
</fieldset>`;
}

function delivery(view: PaymentPageView): Html {
  const { ask, typed, errors, order, frame } = view;
  const address = ask.shipping_countries
    ? addressFields({ prefix: 'shipping', value: typed.shipping, allowed: ask.shipping_countries }, errors)
    : null;
  if (view.shipping_options.length === 0) return html`${address}`;
  const update = `/c/pay/${view.session_id}/update`;
  return html`${address}<fieldset id="${fieldId('shipping_rate')}" class="rates"><legend>Shipping</legend><div class="choices">
${view.shipping_options.map((option) => {
  const price = option.amount_minor === 0 ? 'Free' : money(option.amount_minor, order.currency, frame.locale);
  return html`<div class="choice"><input type="radio" id="r-${option.id}" name="shipping_rate" value="${option.id}" data-update="shipping"${flag('checked', typed.shipping_rate === option.id)}>
<label for="r-${option.id}"><span class="title">${option.label}</span> <span class="price">${price}</span></label>${option.delivery ? html`<span class="hint">${option.delivery}</span>` : null}</div>`;
})}
</div><button class="quiet unscripted" formaction="${update}" formnovalidate name="intent" value="shipping">Update the total</button>
${fieldError('shipping_rate', errors)}${view.custom_text.shipping ? html`<p class="custom">${view.custom_text.shipping}</p>` : null}</fieldset>`;
}

function customFields(view: PaymentPageView): Html | null {
  if (view.custom_fields.length === 0) return null;
  return html`<fieldset><legend>Details</legend>${view.custom_fields.map((field) => customField(field, view))}</fieldset>`;
}

function customField(field: CustomFieldView, view: PaymentPageView): Html {
  const name = `custom_fields[${field.key}]`;
  const required = !field.optional;
  if (field.type === 'dropdown') {
    return selectField(
      { name, label: field.label, value: field.value, options: field.options, prompt: 'Choose…', required },
      view.errors,
    );
  }
  const bounds = {
    maxlength: field.maximum_length ?? 255,
    ...(field.minimum_length === null ? {} : { minlength: field.minimum_length }),
  };
  const inputmode = field.type === 'numeric' ? 'numeric' : 'text';
  return textField({ name, label: field.label, value: field.value, required, inputmode, ...bounds }, view.errors);
}

function freeOrder(view: PaymentPageView): Html {
  return html`<input type="hidden" name="outcome" value="pays">
<p class="free">Nothing to pay: no card is needed${view.promotion ? ' with this code' : ''}.</p>`;
}

function consent(view: PaymentPageView): Html | null {
  const { ask, typed, errors, seller } = view;
  const boxes = [
    ask.save_card
      ? checkField('save_card', `Keep this card for my next order at ${seller.name}`, typed.save_card, errors)
      : null,
    ask.consent_terms
      ? checkField(
          'consent_terms',
          view.custom_text.terms ?? `I agree to the terms of ${seller.name}`,
          typed.consent_terms,
          errors,
        )
      : null,
    ask.consent_promotions
      ? checkField(
          'consent_promotions',
          `Send me news and offers from ${seller.name}`,
          typed.consent_promotions,
          errors,
        )
      : null,
  ].filter((box) => box !== null);
  return boxes.length === 0 ? null : html`<div class="consent">${boxes}</div>`;
}

function payButton(view: PaymentPageView): Html {
  return html`<div class="submit" data-swap="submit" id="submit"><input type="hidden" name="expected_minor" value="${view.order.total_minor}">
<button class="main" id="pay-button" name="intent" value="pay">
<span class="face">${payLabel(view)}</span></button></div>`;
}

const VERBS = { auto: 'Pay', pay: 'Pay', book: 'Book', donate: 'Donate', subscribe: 'Subscribe' } as const;

function payLabel(view: PaymentPageView): string {
  if (view.mode === 'setup') return 'Save card';
  const verb = view.mode === 'subscription' ? 'Subscribe' : VERBS[view.submit_type];
  if (view.order.total_minor === 0) return verb === 'Pay' ? 'Complete the order' : verb;
  return `${verb} ${moneyText(view.order.total_minor, view.order.currency, view.frame.locale)}`;
}
