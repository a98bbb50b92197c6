import { type Html, html } from '../markup/html.ts';
import { timeOfDay } from '../markup/moment.ts';
import { choice, field, press, wish } from './press.ts';
import type { PanelView } from './views.ts';

type Buttons = readonly (readonly [action: string, label: string])[];

const OUTAGE_MS = 5 * 60_000;

const CALLS: Buttons = [
  ['fail_next_payment', 'Fail the next payment'],
  ['low_balance', 'Fail the next refund'],
  ['fail_call_before', 'Fail the next call, undone'],
  ['fail_call_after', 'Fail the next call, done'],
  ['break_call', 'Break the next answer'],
  ['delay_call', 'Delay the next call'],
];

const WEBHOOKS: Buttons = [
  ['duplicate_next_webhook', 'Duplicate the next webhook'],
  ['drop_next_webhook', 'Lose the next webhook'],
  ['shuffle_webhooks', 'Shuffle the next webhooks'],
  ['hold_webhooks', 'Hold webhooks'],
  ['release_webhooks', 'Let webhooks go'],
];

const FAULTS = [
  ['error 500', 'answer 500'],
  ['error 503', 'answer 503'],
  ['error 409', 'answer 409, in use'],
  ['error 429', 'answer 429, too many'],
  ['error 402', 'answer 402, card declined'],
  ['error 400', 'answer 400'],
  ['timeout', 'never answer'],
  ['reset', 'break the line'],
  ['truncate', 'send half an answer'],
  ['delay', 'wait first'],
] as const;

const ACTIONS = [
  ['drop', 'lose it'],
  ['duplicate', 'send copies at once'],
  ['clone', 'send a twin under another id'],
  ['delay', 'send it later'],
  ['hold', 'hold it'],
  ['corrupt_signature', 'spoil the signature'],
  ['stale_timestamp', 'date it back'],
  ['wrong_secret', 'sign with another secret'],
] as const;

/** What may go wrong by chance, in percent of all calls and of all webhooks. */
export const RATES = [
  ['error_before', 'Calls: 500, undone'],
  ['error_after', 'Calls: 500, done'],
  ['timeout_before', 'Calls: no answer, undone'],
  ['timeout_after', 'Calls: no answer, done'],
  ['reset_before', 'Calls: broken line, undone'],
  ['reset_after', 'Calls: broken line, done'],
  ['drop', 'Webhooks: lost'],
  ['duplicate', 'Webhooks: twice'],
  ['delay', 'Webhooks: late'],
  ['reorder', 'Webhooks: shuffled'],
] as const;

/** Everything that can be made to go wrong, and what is armed now. */
export function trouble(view: PanelView): Html {
  return html`<section class="tile trouble" aria-labelledby="trouble-title"><h2 id="trouble-title">Make trouble</h2>
<div class="columns">
<div><h3>With calls</h3><div class="buttons">${buttons(view, CALLS)}${press(view, 'outage', 'Down for 5 minutes', { ms: OUTAGE_MS })}</div>${chosenCall(view)}</div>
<div><h3>With webhooks</h3><div class="buttons">${buttons(view, WEBHOOKS)}</div>${chosenWebhook(view)}</div>
<div><h3>By chance</h3>${chances(view)}</div>
</div>${armed(view)}</section>`;
}

function buttons(view: PanelView, all: Buttons): Html[] {
  return all.map(([action, label]) => press(view, action, label));
}

function chosenCall(view: PanelView): Html {
  const methods = [['', 'any call'] as const, ...['GET', 'POST', 'DELETE'].map((name) => [name, name] as const)];
  return html`<details id="choose-call"><summary>Choose the call</summary>
${wish(
  view,
  'arm_call',
  [
    choice('call_method', 'Method', methods),
    field({ name: 'call_path', label: 'Path or template', value: '', placeholder: 'any', list: 'call-paths' }),
    field({ name: 'call_nth', label: 'Which one', value: '', placeholder: 'next', unit: '' }),
    choice('call_fault', 'What happens', FAULTS),
    choice('call_when', 'When', [
      ['before', 'before: undone'],
      ['after', 'after: done'],
    ]),
    field({ name: 'call_ms', label: 'Waiting', value: '5000', unit: 'ms' }),
    field({ name: 'call_times', label: 'How often', value: '1', unit: '×' }),
  ],
  'Arm',
)}<datalist id="call-paths">${view.templates.map((template) => html`<option value="${template}"></option>`)}</datalist></details>`;
}

function chosenWebhook(view: PanelView): Html {
  return html`<details id="choose-webhook"><summary>Choose the webhook</summary>
${wish(
  view,
  'arm_webhook',
  [
    field({ name: 'hook_type', label: 'Type', value: '', placeholder: 'any', list: 'hook-types' }),
    field({ name: 'hook_object', label: 'About the object', value: '', placeholder: 'any' }),
    field({ name: 'hook_nth', label: 'Which one', value: '', placeholder: 'next', unit: '' }),
    choice('hook_action', 'What happens', ACTIONS),
    field({ name: 'hook_amount', label: 'Copies, ms or seconds', value: '5', unit: '' }),
    field({ name: 'hook_times', label: 'How often', value: '1', unit: '×' }),
  ],
  'Arm',
)}<datalist id="hook-types">${view.event_types.map((type) => html`<option value="${type}"></option>`)}</datalist></details>`;
}

function chances(view: PanelView): Html {
  const rate = ([name, label]: readonly [string, string]): Html =>
    field({ name, label, value: String(view.chaos?.[name] ?? 0), maxlength: 3, unit: '%' });
  return html`<details id="choose-chances"${view.chaos === null ? null : html` open`}><summary>Set the chances</summary>
${wish(view, 'chaos', RATES.map(rate), 'Apply')}</details>
<div id="chances" data-swap="chances">${
    view.chaos === null
      ? html`<p class="hint">Nothing goes wrong by chance.</p>`
      : html`<p>${said(view.chaos)}</p>${press(view, 'calm', 'Calm down')}`
  }</div>`;
}

function said(chaos: Readonly<Record<string, number>>): string {
  const words = RATES.filter(([name]) => (chaos[name] ?? 0) > 0).map(([name, label]) => `${label} ${chaos[name]} %`);
  return words.length === 0 ? 'All chances are nil.' : `${words.join('. ')}.`;
}

function armed(view: PanelView): Html {
  const rows = view.faults.map(
    (fault) =>
      html`<li><span>${fault.what} ${fault.left === null ? null : html`<span class="count">× ${fault.left}</span>`}</span>${press(view, 'disarm', 'Disarm', { fault: fault.id })}</li>`,
  );
  return html`<div id="outage" data-swap="outage">${view.outage_until === null ? null : html`<p>Every call is refused until ${timeOfDay(view.outage_until)}.</p>${press(view, 'end_outage', 'End it now')}`}</div>
<div id="faults" data-swap="faults"><h3>Armed</h3>${rows.length === 0 ? html`<p class="hint">Nothing is armed.</p>` : html`<ul class="armed">${rows}</ul>`}</div>`;
}
