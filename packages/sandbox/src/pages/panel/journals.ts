import { flag, type Html, html } from '../markup/html.ts';
import { timeOfDay } from '../markup/moment.ts';
import { press } from './press.ts';
import type { PanelDeliveryView, PanelEventView, PanelView } from './views.ts';

/** What happened lately: calls, events with each try to deliver them, receivers, objects, calls that are not here. */
export function journals(view: PanelView): Html {
  return html`${requests(view)}${events(view)}${receivers(view)}${objects(view)}${unsupported(view)}`;
}

interface Journal {
  id: string;
  title: string;
  /** Said when there are no rows. */
  empty: string;
  head: readonly string[];
}

function journal({ id, title, empty, head }: Journal, rows: readonly Html[]): Html {
  return html`<section class="journal" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
<div id="${id}" data-swap="${id}">${
    rows.length === 0
      ? html`<p class="hint">${empty}</p>`
      : html`<div class="scroll" tabindex="0" role="region" aria-label="${title}, table"><table><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`
  }</div></section>`;
}

function requests(view: PanelView): Html {
  const rows = view.requests.map(
    (call) => html`<tr><td>${timeOfDay(call.at)}</td><td>${status(call.status)}</td>
<td><code><b>${call.method}</b> ${call.path}</code></td>
<td>${call.fault === null ? null : html`<span class="tag bad">${call.fault}</span> `}${call.replayed ? html`<span class="tag">replayed</span> ` : null}${call.idempotency_key === null ? null : html`<code class="key">${call.idempotency_key}</code>`}</td></tr>`,
  );
  const head = ['Time', 'Status', 'Call', 'Key'];
  if (view.only === null)
    return journal({ id: 'requests', title: 'Calls', empty: 'Nobody has called yet.', head }, rows);
  const one = { id: 'requests', title: `The call ${view.only}`, empty: 'The sandbox has no such call.', head };
  return html`${journal(one, rows)}<p class="hint"><a href="/_sandbox">Show all calls</a></p>`;
}

function status(code: number | null): Html {
  if (code === null) return html`<span class="state bad">no answer</span>`;
  return html`<span class="state ${code < 400 ? 'good' : 'bad'}">${code}</span>`;
}

function events(view: PanelView): Html {
  const rows = view.events.map(
    (event) => html`<tr><td>${timeOfDay(event.at)}</td><td>${delivered(event)}</td>
<td><code><b>${event.type}</b> ${event.object_id}</code>${deliveries(event)}</td>
<td>${press(view, 'resend', 'Resend', { event: event.id })}</td></tr>`,
  );
  const head = ['Time', 'Delivery', 'Event', 'Again'];
  return journal({ id: 'events', title: 'Events and their delivery', empty: 'Nothing has happened yet.', head }, rows);
}

function delivered(event: PanelEventView): Html {
  const last = event.deliveries.at(-1);
  if (last === undefined) return html`<span class="state">${event.pending > 0 ? 'waiting' : 'no receiver'}</span>`;
  if (event.pending > 0) return html`<span class="state">retrying</span>`;
  return status(last.status);
}

function deliveries(event: PanelEventView): Html | null {
  if (event.deliveries.length === 0) return null;
  const attempts = event.deliveries.length === 1 ? '1 attempt' : `${event.deliveries.length} attempts`;
  return html`<details id="log-${event.id}"><summary>${attempts}</summary><ol class="attempts">${event.deliveries.map(attempt)}</ol></details>`;
}

function attempt(delivery: PanelDeliveryView): Html {
  return html`<li>${timeOfDay(delivery.at)} ${status(delivery.status)} ${delivery.duration_ms} ms <code>${delivery.target}</code>${delivery.reply === '' ? null : html`<pre>${delivery.reply}</pre>`}</li>`;
}

function objects(view: PanelView): Html {
  const rows = view.objects.map(
    (object) =>
      html`<tr><td>${timeOfDay(object.at)}</td><td>${object.type}</td><td><code>${object.id}</code></td><td>${object.summary}</td></tr>`,
  );
  return journal(
    { id: 'objects', title: 'Objects', empty: 'There are none.', head: ['Made', 'Kind', 'Id', 'State'] },
    rows,
  );
}

function receivers(view: PanelView): Html {
  const rows = view.receivers.map(
    ({ id, url, events: wanted, account, owed, rolls }) => html`<tr><td>${owed}</td><td>${account}</td>
<td><code><b>${url}</b> ${id}</code><p class="hint">${wanted}</p></td>
<td>${rolls ? press(view, 'roll_secret', 'Roll the secret', { endpoint: id }) : null}</td></tr>`,
  );
  const head = ['Owed', 'Account', 'Receiver', 'Secret'];
  return journal({ id: 'receivers', title: 'Receivers of webhooks', empty: 'Nobody gets webhooks.', head }, rows);
}

function unsupported(view: PanelView): Html {
  const rows = view.unsupported.map(
    (call) => html`<tr><td>${call.count}</td><td><code><b>${call.method}</b> ${call.path}</code></td></tr>`,
  );
  return html`<div${flag('hidden', rows.length === 0)} id="unsupported-part" data-swap="unsupported-part">${journal({ id: 'unsupported', title: 'Asked for, not served here', empty: '', head: ['Times', 'Call'] }, rows)}</div>`;
}
