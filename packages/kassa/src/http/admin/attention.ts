import type { Trouble } from '../../domain/reports/index.ts';
import { isCurrency } from '../../kernel/money.ts';
import { emptyState, type Page } from './frame.ts';
import { type Html, html } from './html.ts';
import { moment, moneyText, orderName, orderPath, WHO_ACTS } from './words.ts';

/** What waits for a person: events and deliveries that gave up, and orders whose money and books disagree. */
export function attentionPage(trouble: Trouble): Page {
  const { counts } = trouble;
  const calm = counts.parked_events + counts.parked_deliveries + counts.reviews + counts.breaks === 0;
  const body = html`<h1>Needs attention</h1><div data-live="attention">${
    calm
      ? emptyState(
          'Nothing needs you.',
          html`Events, hooks and mails that give up, and orders to look at, appear here.`,
        )
      : html`${reviews(trouble)}${breaks(trouble)}${events(trouble)}${deliveries(trouble)}`
  }</div>`;
  return { title: 'Needs attention', place: 'attention', crumbs: [], body };
}

interface Box {
  readonly id: string;
  readonly title: string;
  readonly count: number;
  readonly head: Html;
}

function box({ id, title, count, head }: Box, rows: readonly Html[]): Html | null {
  if (count === 0) return null;
  const more = count > rows.length ? html`<p class="quiet">The oldest ${rows.length} of ${count} are shown.</p>` : null;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title} <span class="count">${count}</span></h2>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><caption class="hidden">${title}, oldest first</caption><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>${more}</section>`;
}

function reviews({ counts, reviews: rows }: Trouble): Html | null {
  const drawn = rows.map(
    (
      row,
    ) => html`<tr><th scope="row"><a href="${orderPath(row.order_id)}">${orderName({ id: row.order_id, number: row.number })}</a></th>
<td class="wide">${row.reason.replaceAll('_', ' ')}</td><td>${moment(row.at)}</td></tr>`,
  );
  const head = html`<th scope="col">Order</th><th scope="col">Why</th><th scope="col">Since</th>`;
  return box({ id: 'reviews', title: 'Orders to look at', count: counts.reviews, head }, drawn);
}

function breaks({ counts, breaks: rows }: Trouble): Html | null {
  const drawn = rows.map(
    (row) =>
      html`<tr><th scope="row"><code>${row.object_id}</code></th><td class="wide">${row.kind.replaceAll('_', ' ')}</td><td class="wide">${knownText(row.details)}</td><td class="wide">${WHO_ACTS[row.owner]}</td><td>${moment(row.at)}</td></tr>`,
  );
  const head = html`<th scope="col">Object</th><th scope="col">What</th><th scope="col">Known</th><th scope="col">Who acts</th><th scope="col">Since</th>`;
  return box({ id: 'breaks', title: 'At Stripe, and unexplained', count: counts.breaks, head }, drawn);
}

/** `amount $45.00 USD, payment id pi_…`: for people. */
function knownText(details: Trouble['breaks'][number]['details']): string {
  const facts = Object.entries(details).filter(([, value]) => value !== null);
  const { currency } = details;
  const is_money = ([name, value]: readonly [string, unknown]): boolean =>
    typeof currency === 'string' && isCurrency(currency) && Number.isSafeInteger(value) && name.endsWith('_minor');
  // The code stands beside each amount.
  const told = facts.some(is_money) ? facts.filter(([name]) => name !== 'currency') : facts;
  const words = told.map(([name, value]) => {
    if (is_money([name, value]))
      return `${name.replace(/_minor$/, '').replaceAll('_', ' ')} ${moneyText(Number(value), String(currency))}`;
    return `${name.replaceAll('_', ' ')} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
  });
  return words.length === 0 ? '–' : words.join(', ');
}

function events({ counts, parked_events: rows }: Trouble): Html | null {
  const drawn = rows.map(
    (row) =>
      html`<tr><th scope="row"><code>${row.id}</code></th><td>${row.type}</td><td class="number">${row.attempts}</td><td class="wide">${row.error ?? '–'}</td><td>${moment(row.at)}</td></tr>`,
  );
  const head = html`<th scope="col">Event</th><th scope="col">Type</th><th scope="col" class="number">Tries</th><th scope="col">Last error</th><th scope="col">Gave up</th>`;
  return box({ id: 'events', title: 'Events that could not be handled', count: counts.parked_events, head }, drawn);
}

function deliveries({ counts, parked_deliveries: rows }: Trouble): Html | null {
  const drawn = rows.map(
    (row) =>
      html`<tr><th scope="row"><code>${row.destination}</code></th><td><a href="${orderPath(row.order_id)}">order</a></td><td class="number">${row.attempts}</td><td class="wide">${row.error ?? '–'}</td><td>${moment(row.at)}</td></tr>`,
  );
  const head = html`<th scope="col">What</th><th scope="col">For</th><th scope="col" class="number">Tries</th><th scope="col">Last error</th><th scope="col">Gave up</th>`;
  return box({ id: 'deliveries', title: 'Hooks and mails that gave up', count: counts.parked_deliveries, head }, drawn);
}
