import type { OrderPage, OrderRow } from '../../domain/reports/index.ts';
import { emptyState, type Page } from './frame.ts';
import { type Html, html } from './html.ts';
import { moment, money, ORDER_STATUSES, orderName, orderPath, reviewChip, statusChip } from './words.ts';

export interface OrdersQuery {
  readonly status: string | undefined;
  readonly search: string | undefined;
  readonly before: string | undefined;
}

/** The list of orders, newest first: a real table, paged by a cursor, every state in the address. */
export function ordersPage(found: OrderPage, query: OrdersQuery): Page {
  const filtered = query.status !== undefined || query.search !== undefined;
  const none = filtered
    ? emptyState('No order fits.', html`<a href="/admin/orders">Show all orders</a>`)
    : emptyState('No orders yet.', html`Buy something in the <a href="/">shop</a>; every step will show here.`);
  const body = html`<h1>Orders</h1>${filters(query)}
${found.orders.length === 0 ? none : table(found.orders)}
${pager(found, query)}`;
  return { title: 'Orders', place: 'orders', crumbs: [], body };
}

function filters(query: OrdersQuery): Html {
  const options = [...ORDER_STATUSES, 'review'].map((status) => {
    const chosen = status === query.status ? html` selected` : null;
    return html`<option value="${status}"${chosen}>${status.replaceAll('_', ' ')}</option>`;
  });
  return html`<form class="filters" method="get" action="/admin/orders" role="search">
<p><label for="q">E-mail or number</label><input id="q" name="q" type="search" maxlength="254" value="${query.search ?? ''}"></p>
<p><label for="status">Status</label><select id="status" name="status"><option value="">any</option>${options}</select></p>
<p><button>Show</button></p></form>`;
}

function table(orders: readonly OrderRow[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Orders"><table><caption class="hidden">Orders, newest first</caption>
<thead><tr><th scope="col">Order</th><th scope="col">Status</th><th scope="col" class="number">Total</th><th scope="col">What</th><th scope="col">Buyer</th><th scope="col">Placed</th></tr></thead>
<tbody>${orders.map(row)}</tbody></table></div>`;
}

function row(order: OrderRow): Html {
  const what = order.lines.map((line) => `${line.quantity} × ${line.name}`).join(', ');
  return html`<tr><th scope="row"><a href="${orderPath(order.id)}">${orderName(order)}</a></th>
<td>${statusChip(order.status)} ${reviewChip(order.review_reason)}</td>
<td class="number">${money(order.total_minor, order.currency)}</td><td class="wide">${what}</td>
<td class="wide">${order.email ?? '–'}</td><td>${moment(order.created_at)}</td></tr>`;
}

function pager(found: OrderPage, query: OrdersQuery): Html | null {
  const first =
    query.before === undefined ? null : html`<a href="/admin/orders${address(query, undefined)}">Newest</a>`;
  const next =
    found.next === undefined ? null : html`<a rel="next" href="/admin/orders${address(query, found.next)}">Older</a>`;
  if (first === null && next === null) return null;
  return html`<nav class="pager" aria-label="More orders">${first} ${next}</nav>`;
}

function address(query: OrdersQuery, before: string | undefined): string {
  const parameters = new URLSearchParams();
  if (query.status !== undefined) parameters.set('status', query.status);
  if (query.search !== undefined) parameters.set('q', query.search);
  if (before !== undefined) parameters.set('before', before);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
