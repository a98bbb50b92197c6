import { brandName } from './brands.ts';
import { framePage } from './markup/frame.ts';
import { type Html, html } from './markup/html.ts';
import { momentText } from './markup/moment.ts';
import { money, moneyText } from './markup/money.ts';
import type { ReceiptView } from './views.ts';

/** What `charge.receipt_url` shows. */
export function renderReceipt(view: ReceiptView): string {
  const amount = (minor: number): Html => money(minor, view.currency, view.frame.locale);
  const paid = moneyText(view.amount_minor, view.currency, view.frame.locale);
  const title = {
    succeeded: `Receipt from ${view.seller.name}`,
    pending: `${view.seller.name}: payment is processing`,
    failed: `${view.seller.name}: payment was refused`,
  }[view.status];
  return framePage(
    view.frame,
    'receipt',
    title,
    html`<main class="single"><div class="sheet"><p class="eyebrow">${title}</p>
<h1><data value="${view.amount_minor}">${paid}</data></h1>
<dl class="facts"><div><dt>Number</dt><dd>${view.number}</dd></div>
<div><dt>${view.status === 'succeeded' ? 'Paid' : 'Tried'}</dt><dd>${momentText(view.created, view.frame.locale)}</dd></div>
${view.method === null ? null : html`<div><dt>With</dt><dd>${brandName(view.method.brand)}, ending in ${view.method.last4}</dd></div>`}
${view.email === null ? null : html`<div><dt>For</dt><dd>${view.email}</dd></div>`}
${view.description === null ? null : html`<div><dt>About</dt><dd>${view.description}</dd></div>`}</dl>
<div class="slip"><table><caption class="away">What was paid for</caption>
<thead class="away"><tr><th scope="col">Item</th><th scope="col">Amount</th></tr></thead>
<tbody>${view.lines.map((line) => html`<tr><th scope="row"><span class="name">${line.name}</span>${line.quantity > 1 ? html`<p class="each">× ${line.quantity}</p>` : null}</th><td>${amount(line.amount_minor)}</td></tr>`)}</tbody>
<tfoot>${view.refunded_minor === 0 ? null : html`<tr class="less"><th scope="row">Refunded</th><td>${amount(-view.refunded_minor)}</td></tr>`}
<tr class="total"><th scope="row">${totalWord(view)} <span class="code">${view.currency.toUpperCase()}</span></th><td>${amount(view.amount_minor - view.refunded_minor)}</td></tr></tfoot></table></div>
<p class="hint"><code>${view.charge_id}</code></p></div></main>`,
  );
}

function totalWord(view: ReceiptView): string {
  if (view.status === 'failed') return 'Not charged';
  if (view.status === 'pending') return 'Awaited';
  return view.refunded_minor > 0 ? 'Kept' : 'Paid';
}
