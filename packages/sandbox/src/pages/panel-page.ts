import { framePage } from './markup/frame.ts';
import { flag, type Html, html } from './markup/html.ts';
import { momentText, timeOfDay } from './markup/moment.ts';
import type { PanelDeliveryView, PanelEventView, PanelView } from './views.ts';

const HOUR_MS = 3_600_000;
const JUMPS = [
  { ms: HOUR_MS, label: '+1 hour' },
  { ms: 24 * HOUR_MS, label: '+1 day' },
  { ms: 30 * 24 * HOUR_MS, label: '+30 days' },
];

const OUTAGE_MS = 5 * 60_000;

/** What can be made to go wrong with one press. */
const TROUBLES: readonly (readonly [action: string, label: string])[] = [
  ['fail_next_payment', 'Fail the next payment'],
  ['fail_call_before', 'Fail the next call, undone'],
  ['fail_call_after', 'Fail the next call, done'],
  ['break_call', 'Break the next answer'],
  ['delay_call', 'Delay the next call'],
  ['duplicate_next_webhook', 'Duplicate the next webhook'],
  ['drop_next_webhook', 'Lose the next webhook'],
  ['shuffle_webhooks', 'Shuffle the next webhooks'],
  ['hold_webhooks', 'Hold webhooks'],
  ['release_webhooks', 'Let webhooks go'],
];

/**
 * The panel `/_sandbox`. Its buttons post to `/_sandbox/panel` with the page's own token: the control API, its header
 * and its token stay out of every page. With script the journals keep themselves fresh; a switch stops that.
 */
export function renderPanel(view: PanelView): string {
  return framePage(
    view.frame,
    'panel',
    'Sandbox panel',
    html`<main class="wide">
<div class="top"><h1>Sandbox</h1><p class="hint">version ${view.version} · API ${view.api_version}</p>
<p class="live"><label><input type="checkbox" id="live" checked> Keep fresh</label></p></div>
<div id="notice" data-swap="notice" role="status">${view.notice === null ? null : html`<p class="notice ${view.notice.kind}">${view.notice.kind === 'done' ? '✓' : '!'} ${view.notice.text}</p>`}</div>
<div class="tiles">${clock(view)}${trouble(view)}${counts(view)}${books(view)}</div>
${requests(view)}${events(view)}${objects(view)}${unsupported(view)}
</main>`,
  );
}

function press(view: PanelView, action: string, label: string, fields: Record<string, string | number> = {}): Html {
  const hidden = Object.entries({ token: view.token, action, ...fields });
  return html`<form method="post" action="/_sandbox/panel" data-panel>${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button class="quiet" id="press-${[action, ...Object.values(fields)].join('-')}">${label}</button></form>`;
}

function clock(view: PanelView): Html {
  const moved =
    view.clock.offset_ms === 0 ? 'the computer’s time' : `${days(view.clock.offset_ms)} from the computer’s time`;
  return html`<section class="tile" aria-labelledby="clock-title"><h2 id="clock-title">Clock</h2>
<div id="clock" data-swap="clock"><p class="big">${momentText(view.clock.now, view.frame.locale)}</p>
<p class="hint">${view.clock.mode === 'virtual' ? 'Virtual: moves only when told' : moved}</p></div>
<div class="buttons">${JUMPS.map((jump) => press(view, 'advance', jump.label, { ms: jump.ms }))}</div></section>`;
}

function days(ms: number): string {
  const hours = Math.round(ms / HOUR_MS);
  const sign = hours < 0 ? '−' : '+';
  const size = Math.abs(hours);
  return size >= 48 ? `${sign}${Math.floor(size / 24)} days` : `${sign}${size} h`;
}

function trouble(view: PanelView): Html {
  return html`<section class="tile" aria-labelledby="trouble-title"><h2 id="trouble-title">Make trouble</h2>
<div class="buttons">${TROUBLES.map(([action, label]) => press(view, action, label))}${press(view, 'outage', 'Down for 5 minutes', { ms: OUTAGE_MS })}</div>
<div id="outage" data-swap="outage">${view.outage_until === null ? null : html`<p>Every call is refused until ${timeOfDay(view.outage_until)}.</p>${press(view, 'end_outage', 'End it now')}`}</div>
<div id="faults" data-swap="faults">${
    view.faults.length === 0
      ? html`<p class="hint">Nothing is armed.</p>`
      : html`<ul class="faults">${view.faults.map((fault) => html`<li><span>${fault.what} ${fault.left === null ? null : html`<span class="count">× ${fault.left}</span>`}</span>${press(view, 'disarm', 'Disarm', { fault: fault.id })}</li>`)}</ul>`
  }</div></section>`;
}

function counts(view: PanelView): Html {
  return html`<section class="tile" aria-labelledby="counts-title"><h2 id="counts-title">What is here</h2>
<dl class="counts" id="counts" data-swap="counts">${view.counts.map((each) => html`<div><dt>${each.label}</dt><dd>${each.count}</dd></div>`)}</dl>
<div class="buttons">${press(view, 'keep', 'Keep this state')}${press(view, 'restore', 'Back to the kept state')}</div>
<details class="reset" id="reset"><summary>Empty the sandbox</summary><p class="hint">Forgets every object, event and fault. It cannot be undone.</p>${press(view, 'reset', 'Yes, forget everything')}</details></section>`;
}

function books(view: PanelView): Html {
  const sums = view.books.map((each) => html`<div><dt>${each.label}</dt><dd>${each.amount}</dd></div>`);
  return html`<section class="tile" aria-labelledby="books-title"><h2 id="books-title">Private books</h2>
<p class="hint">What really happened to money, whatever anybody was told.</p>
<dl class="counts" id="books" data-swap="books">${sums.length === 0 ? html`<div><dt>nothing yet</dt><dd></dd></div>` : sums}</dl></section>`;
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
  return journal(
    { id: 'requests', title: 'Calls', empty: 'Nobody has called yet.', head: ['Time', 'Status', 'Call', 'Key'] },
    rows,
  );
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

function unsupported(view: PanelView): Html {
  const rows = view.unsupported.map(
    (call) => html`<tr><td>${call.count}</td><td><code><b>${call.method}</b> ${call.path}</code></td></tr>`,
  );
  return html`<div${flag('hidden', rows.length === 0)} id="unsupported-part" data-swap="unsupported-part">${journal({ id: 'unsupported', title: 'Asked for, not served here', empty: '', head: ['Times', 'Call'] }, rows)}</div>`;
}
