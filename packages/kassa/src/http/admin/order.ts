import type { NotificationRow, OrderStory } from '../../domain/reports/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import type { Page } from './frame.ts';
import { type Html, html } from './html.ts';
import { messageList } from './inbox.ts';
import { timeline } from './timeline.ts';
import { ageOf, moment, money, orderName, reviewChip, statusChip, WHO_ACTS } from './words.ts';

/** One order: what was bought, what it cost, what was sent, and everything that happened, oldest first. */
export function orderPage(story: OrderStory, messages: readonly NotificationRow[], now: Date): Page {
  const { order } = story;
  const title = `Order ${orderName(order)}`;
  const body = html`<div class="title"><h1>${title}</h1> <span data-live="status">${statusChip(order.status)} ${reviewChip(order.review_reason)}</span></div>
<div data-live="breaks">${breaks(story, now)}</div>
<div class="split"><section aria-labelledby="timeline-title"><h2 id="timeline-title">Timeline</h2>${timeline(story.steps)}</section>
<div class="side"><section aria-labelledby="bought-title"><h2 id="bought-title">Bought</h2>${lines(story)}</section>
<section aria-labelledby="facts-title"><h2 id="facts-title">Facts</h2><div data-live="facts">${facts(story)}</div></section>
<section aria-labelledby="sent-title"><h2 id="sent-title">Messages</h2><div data-live="messages">${messages.length === 0 ? html`<p class="quiet">Nothing was sent yet.</p>` : messageList(messages)}</div></section></div></div>`;
  return { title, place: 'orders', crumbs: [{ name: 'Orders', path: '/admin/orders' }], body };
}

/** What has to be acted on before the rest of the page can be believed. */
function breaks({ breaks }: OrderStory, now: Date): Html | null {
  if (breaks.length === 0) return null;
  const rows = breaks.map(
    ({ object_id, kind, owner, since }) =>
      html`<tr><th scope="row" class="wide">${kind.replaceAll('_', ' ')}</th><td>${ageOf(since, now)}</td><td class="wide">${owner === 'shop' ? 'you: kassa explain' : WHO_ACTS[owner]}</td><td>${moment(since)}</td><td><code>${object_id}</code></td></tr>`,
  );
  const title = 'At Stripe, and unexplained';
  return html`<section aria-labelledby="breaks-title"><h2 id="breaks-title">${title} <span class="count">${breaks.length}</span></h2>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><caption class="hidden">${title}, oldest first</caption><thead><tr><th scope="col">What</th><th scope="col">Age</th><th scope="col">Who acts</th><th scope="col">Since</th><th scope="col">Object</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

function lines({ order, lines }: OrderStory): Html {
  const sum = (name: string, amount_minor: number, sign: string): Html | null =>
    amount_minor === 0
      ? null
      : html`<tr><th scope="row">${name}</th><td class="number">${sign}${money(amount_minor, order.currency)}</td></tr>`;
  return html`<table class="plain"><caption class="hidden">What was bought</caption><thead class="hidden"><tr><th scope="col">What</th><th scope="col">Amount</th></tr></thead>
<tbody>${lines.map((line) => html`<tr><th scope="row">${line.quantity} × ${line.name}</th><td class="number">${money(line.total_minor, order.currency)}</td></tr>`)}
${sum('Coupon', order.discount_minor, '−')}${sum('Tax', order.tax_minor, '')}${sum('Credits', order.credits_minor, '−')}</tbody>
<tfoot><tr><th scope="row">Total</th><td class="number">${order.total_minor === 0 ? 'Free' : money(order.total_minor, order.currency)}</td></tr></tfoot></table>`;
}

function facts({ order }: OrderStory): Html {
  const fact = (name: string, value: Html | string): Html => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  const said = Object.entries(order.fields).map(([name, value]) => fact(name, String(value ?? '—')));
  return html`<dl class="facts">${fact('Id', html`<code>${toTypeId('ord', order.id)}</code>`)}${fact('Contract', order.contract)}
${fact('Buyer', order.email ?? 'not known yet')}${said}${fact('Placed', moment(order.created_at))}
${order.paid_at === null ? fact('Held until', moment(order.hold_expires_at)) : fact('Paid', moment(order.paid_at))}
${order.session_id === null ? null : fact('Session', html`<code>${order.session_id}</code>`)}</dl>`;
}
