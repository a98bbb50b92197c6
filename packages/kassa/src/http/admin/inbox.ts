import type { NotificationPage, NotificationRow, NotificationView } from '../../domain/reports/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { emptyState, type Page } from './frame.ts';
import { type Html, html } from './html.ts';
import { moment, orderName, orderPath } from './words.ts';

/** Every mail and short message that the shop wrote, newest first. In the sandbox none of them leaves this computer. */
export function inboxPage(found: NotificationPage, before: string | undefined): Page {
  const none = emptyState('No mail yet.', html`Buy something in the <a href="/">shop</a>; the receipt will lie here.`);
  const first = before === undefined ? null : html`<a href="/admin/inbox">Newest</a>`;
  const next =
    found.next === undefined
      ? null
      : html`<a rel="next" href="/admin/inbox?before=${encodeURIComponent(found.next)}">Older</a>`;
  const body = html`<h1>Inbox</h1><p class="lead">Mail and short messages are caught here; nobody receives them.</p>
<div data-live="messages">${found.notifications.length === 0 ? none : messageTable(found.notifications)}</div>
${first === null && next === null ? null : html`<nav class="pager" aria-label="More messages">${first} ${next}</nav>`}`;
  return { title: 'Inbox', place: 'inbox', crumbs: [], body };
}

export function messagePath(id: string): string {
  return `/admin/inbox/${toTypeId('msg', id)}`;
}

/** A short message is its own title. */
function titleOf(message: NotificationRow): string {
  return message.subject ?? message.excerpt;
}

function messageTable(rows: readonly NotificationRow[]): Html {
  const row = (message: NotificationRow): Html =>
    html`<tr><th scope="row"><a href="${messagePath(message.id)}">${titleOf(message)}</a></th>
<td class="wide">${message.recipient}</td><td><a href="${orderPath(message.order_id)}">${orderName({ id: message.order_id, number: message.order_number })}</a></td>
<td>${message.channel}</td><td>${stateChip(message.state)}</td><td>${moment(message.created_at)}</td></tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Messages"><table><caption class="hidden">Messages, newest first</caption>
<thead><tr><th scope="col">Subject</th><th scope="col">To</th><th scope="col">Order</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col">Written</th></tr></thead>
<tbody>${rows.map(row)}</tbody></table></div>`;
}

/** The messages of one order, where there is no room for a table. */
export function messageList(rows: readonly NotificationRow[]): Html {
  const row = (message: NotificationRow): Html =>
    html`<li><a href="${messagePath(message.id)}">${titleOf(message)}</a> ${stateChip(message.state)}
<br><span class="quiet">${message.channel} to ${message.recipient}, ${moment(message.created_at)}</span></li>`;
  return html`<ul class="messages">${rows.map(row)}</ul>`;
}

function stateChip(state: NotificationRow['state']): Html {
  if (state === 'rendered') return html`<span class="chip wait"><span aria-hidden="true">○</span> leaving</span>`;
  return html`<span class="chip good"><span aria-hidden="true">✓</span> ${state}</span>`;
}

/** One message as its reader would see it, as plain text, and as it was written. */
export function messagePage(message: NotificationView): Page {
  const title = titleOf(message);
  const path = messagePath(message.id);
  const order = html`<a href="${orderPath(message.order_id)}">Order ${orderName({ id: message.order_id, number: message.order_number })}</a>`;
  const body = html`<div class="title"><h1>${title}</h1> ${stateChip(message.state)}</div>
<dl class="facts line"><div><dt>To</dt><dd>${message.recipient}</dd></div><div><dt>Kind</dt><dd>${message.channel}</dd></div><div><dt>About</dt><dd>${order}</dd></div><div><dt>Written</dt><dd>${moment(message.created_at)}</dd></div></dl>
${message.html_body === null ? null : html`<section aria-labelledby="seen"><h2 id="seen">As it is seen</h2><iframe class="mail" title="The message as it is seen" sandbox src="${path}/html"></iframe></section>`}
<section aria-labelledby="text"><h2 id="text">Text</h2><pre class="text" tabindex="0">${message.text_body}</pre></section>
${message.html_body === null ? null : html`<section><details><summary>Source</summary><pre tabindex="0">${message.html_body}</pre></details></section>`}`;
  return { title, place: 'inbox', crumbs: [{ name: 'Inbox', path: '/admin/inbox' }], body };
}
