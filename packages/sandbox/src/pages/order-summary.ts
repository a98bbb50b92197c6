import { described, fieldError, fieldId } from './markup/fields.ts';
import { type Html, html, webAddress } from './markup/html.ts';
import { money, moneyText } from './markup/money.ts';
import type { LineView, PaymentPageView } from './views.ts';

/** The left half of the payment page: who is paid, how much, and the slip with every line that leads to the total. */
export function orderSummary(view: PaymentPageView): Html {
  const { order, frame, seller } = view;
  const setup = view.mode === 'setup';
  const total = order.total_minor === 0 ? 'Free' : moneyText(order.total_minor, order.currency, frame.locale);
  return html`<section class="order" id="order" data-swap="order" aria-labelledby="order-title">
<p class="seller">${seller.name}</p>
<h1 id="order-title">${setup ? 'Save a card' : html`<span class="headline">Pay ${seller.name}</span> <data class="amount" value="${order.total_minor}">${total}</data>`}</h1>
${setup ? html`<p class="lede">Nothing is charged now. The card is kept for later payments.</p>` : slip(view)}
${cancelLink(view)}
</section>`;
}

function slip(view: PaymentPageView): Html {
  const { order, frame } = view;
  const amount = (minor: number): Html => money(minor, order.currency, frame.locale);
  const steps = order.discounts.length + order.taxes.length + (order.shipping ? 1 : 0);
  return html`<div class="slip"><table>
<caption class="away">What you pay for</caption>
<thead class="away"><tr><th scope="col">Item</th><th scope="col">Amount</th></tr></thead>
<tbody>${order.lines.map((line) => lineRow(line, view))}</tbody>
<tfoot>
${steps === 0 ? null : html`<tr><th scope="row">Subtotal</th><td>${amount(order.subtotal_minor)}</td></tr>`}
${order.discounts.map((each) => html`<tr class="less"><th scope="row">${each.label}</th><td>${amount(-each.amount_minor)}</td></tr>`)}
${order.taxes.map((tax) => html`<tr><th scope="row">${tax.label}${tax.inclusive ? ' (included)' : ''}</th><td>${amount(tax.amount_minor)}</td></tr>`)}
${order.shipping === null ? null : html`<tr><th scope="row">${order.shipping.label}</th><td>${order.shipping.amount_minor === 0 ? 'Free' : amount(order.shipping.amount_minor)}</td></tr>`}
<tr class="total"><th scope="row">Total <abbr class="code" title="${currencyName(order.currency)}">${order.currency.toUpperCase()}</abbr></th><td>${order.total_minor === 0 ? 'Free' : amount(order.total_minor)}</td></tr>
</tfoot></table>${promotionBox(view)}</div>`;
}

function lineRow(line: LineView, view: PaymentPageView): Html {
  const { order, frame } = view;
  const each = line.unit_minor === null ? null : moneyText(line.unit_minor, order.currency, frame.locale);
  const quantity = line.adjustable
    ? quantityBox(line, line.adjustable, view)
    : html`<p class="each">${line.quantity > 1 && each !== null ? html`<span class="count">${line.quantity}</span> × ${each}` : null}</p>`;
  return html`<tr><th scope="row"><span class="name">${line.name}</span>${line.description ? html`<p class="about">${line.description}</p>` : null}${quantity}</th>
<td>${line.amount_minor === 0 ? 'Free' : money(line.amount_minor, order.currency, frame.locale)}</td></tr>`;
}

function quantityBox(line: LineView, bounds: { minimum: number; maximum: number }, view: PaymentPageView): Html {
  const name = `quantities[${line.id}]`;
  const id = fieldId(name);
  const each = line.unit_minor === null ? null : moneyText(line.unit_minor, view.order.currency, view.frame.locale);
  return html`<div class="quantity"><label for="${id}" class="away">Quantity of ${line.name}</label>
<input form="pay" id="${id}" name="${name}" type="number" inputmode="numeric" value="${line.quantity}" min="${bounds.minimum}" max="${bounds.maximum}" step="1" data-update="quantities"${described(name, false, view.errors)}>
${each === null ? null : html`<span>× ${each}</span>`}
<button form="pay" class="quiet unscripted" formaction="/c/pay/${view.session_id}/update" formnovalidate name="intent" value="quantities">Update</button>
${fieldError(name, view.errors)}</div>`;
}

function promotionBox(view: PaymentPageView): Html | null {
  const update = `/c/pay/${view.session_id}/update`;
  if (view.promotion) {
    const remove = html`<button form="pay" class="quiet" formaction="${update}" formnovalidate name="intent" value="remove_promotion" data-intent>Remove</button>`;
    return html`<p class="promotion applied"><span><span class="away">Promotion code in use: </span><strong class="tag">${view.promotion.code}</strong></span>${view.promotion.removable ? remove : null}</p>`;
  }
  if (!view.ask.promotion_code) return null;
  const id = fieldId('promotion_code');
  return html`<div class="promotion"><label for="${id}">Promotion code</label><div class="joined">
<input form="pay" id="${id}" name="promotion_code" value="${view.typed.promotion_code}" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="500" data-enter="apply_promotion"${described('promotion_code', false, view.errors)}>
<button form="pay" class="quiet" formaction="${update}" formnovalidate name="intent" value="apply_promotion" data-intent>Apply</button></div>
${fieldError('promotion_code', view.errors)}</div>`;
}

function cancelLink(view: PaymentPageView): Html | null {
  const url = webAddress(view.cancel_url);
  if (url === null || view.frame.embedded) return null;
  return html`<p class="back"><a href="${url}"><span aria-hidden="true">←</span> Back to ${view.seller.name}</a></p>`;
}

function currencyName(currency: string): string {
  return new Intl.DisplayNames('en', { type: 'currency' }).of(currency.toUpperCase()) ?? currency.toUpperCase();
}
