import { framePage } from '../markup/frame.ts';
import { type Html, html } from '../markup/html.ts';
import { momentText } from '../markup/moment.ts';
import { journals } from './journals.ts';
import { field, press } from './press.ts';
import { trouble } from './trouble.ts';
import type { PanelView } from './views.ts';

const HOUR_MS = 3_600_000;
const JUMPS = [
  { ms: HOUR_MS, label: '+1 hour' },
  { ms: 24 * HOUR_MS, label: '+1 day' },
  { ms: 30 * 24 * HOUR_MS, label: '+30 days' },
];

/**
 * The panel `/_sandbox`. Its buttons post to `/_sandbox/panel` with the page's own token: the control API, its header
 * and its token stay out of every page. With script the journals keep themselves fresh; a switch stops that. What a
 * person types stands outside the parts that are drawn anew.
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
<div class="tiles">${clock(view)}${books(view)}${counts(view)}${states(view)}</div>
${trouble(view)}${journals(view)}
</main>`,
  );
}

function clock(view: PanelView): Html {
  const moved =
    view.clock.offset_ms === 0 ? 'the computer’s time' : `${days(view.clock.offset_ms)} from the computer’s time`;
  return html`<section class="tile" aria-labelledby="clock-title"><h2 id="clock-title">Clock</h2>
<div id="clock" data-swap="clock"><p class="big">${momentText(view.clock.now, view.frame.locale)}</p>
<p class="hint">${view.clock.mode === 'virtual' ? 'Virtual: moves only when told' : moved}</p></div>
<div class="buttons">${JUMPS.map((jump) => press(view, 'advance', jump.label, { ms: jump.ms }))}</div>
<p class="hint">What falls due on the way happens: sessions expire, banks answer, webhooks come again.</p></section>`;
}

function days(ms: number): string {
  const hours = Math.round(ms / HOUR_MS);
  const sign = hours < 0 ? '−' : '+';
  const size = Math.abs(hours);
  return size >= 48 ? `${sign}${Math.floor(size / 24)} days` : `${sign}${size} h`;
}

function books(view: PanelView): Html {
  const empty = html`<p class="hint">No money has moved yet.</p>`;
  return html`<section class="tile" aria-labelledby="books-title"><h2 id="books-title">Private books</h2>
<p class="hint">What really happened to money, whatever anybody was told.</p>
<div id="books" data-swap="books">${
    view.books.length === 0
      ? empty
      : view.books.map(
          ({ currency, sums }) =>
            html`<h3>${currency.toUpperCase()}</h3><dl class="counts">${sums.map((sum) => html`<div><dt>${sum.label}</dt><dd>${sum.amount}</dd></div>`)}</dl>`,
        )
  }</div></section>`;
}

function counts(view: PanelView): Html {
  return html`<section class="tile" aria-labelledby="counts-title"><h2 id="counts-title">What is here</h2>
<dl class="counts two" id="counts" data-swap="counts">${view.counts.map((each) => html`<div><dt>${each.label}</dt><dd>${each.count}</dd></div>`)}</dl>
<details class="reset" id="reset"><summary>Empty the sandbox</summary><p class="hint">Forgets every object, event and fault. It cannot be undone.</p>${press(view, 'reset', 'Yes, forget everything')}</details></section>`;
}

function states(view: PanelView): Html {
  const rows = view.snapshots.map(
    ({
      name,
      at,
      bytes,
    }) => html`<li><span><b>${name}</b> <span class="hint">${momentText(at, view.frame.locale)}, ${size(bytes)}</span></span>
<span class="pair">${press(view, 'restore', 'Go back', { name })}${press(view, 'forget', 'Forget', { name })}</span></li>`,
  );
  return html`<section class="tile" aria-labelledby="states-title"><h2 id="states-title">Kept states</h2>
<form class="line" method="post" action="/_sandbox/panel" data-panel><input type="hidden" name="token" value="${view.token}"><input type="hidden" name="action" value="keep">
${field({ name: 'name', label: 'Keep this state as', value: 'before', maxlength: 64 })}<button class="quiet">Keep</button></form>
<div id="states" data-swap="states">${rows.length === 0 ? html`<p class="hint">None yet. A kept state holds everything: objects, time, owed webhooks, what is armed.</p>` : html`<ul class="armed">${rows}</ul>`}</div></section>`;
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.ceil(bytes / 1_000_000)} MB`;
}
