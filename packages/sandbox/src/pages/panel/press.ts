import { fieldId } from '../markup/fields.ts';
import { flag, type Html, html } from '../markup/html.ts';
import type { PanelView } from './views.ts';

/** One button that does one thing. */
export function press(
  view: PanelView,
  action: string,
  label: string,
  fields: Record<string, string | number> = {},
): Html {
  const hidden = Object.entries({ token: view.token, action, ...fields });
  const id = ['press', action, ...Object.values(fields)].join('-').replace(/[^\w-]+/g, '-');
  return html`<form method="post" action="/_sandbox/panel" data-panel>${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button class="quiet" id="${id}">${label}</button></form>`;
}

interface Field {
  name: string;
  label: string;
  value: string;
  maxlength?: number;
  /** Digits only, and what they count. */
  unit?: string;
  placeholder?: string;
  /** Id of a list of suggestions. */
  list?: string;
}

export function field({ name, label, value, maxlength = 200, unit, placeholder = '', list }: Field): Html {
  const id = fieldId(`panel-${name}`);
  return html`<div class="small"><label for="${id}">${label}</label><span class="unit"><input id="${id}" name="${name}" value="${value}" maxlength="${maxlength}" autocomplete="off" spellcheck="false" placeholder="${placeholder}"${unit === undefined ? null : html` inputmode="numeric"`}${list === undefined ? null : html` list="${list}"`}>${unit === undefined || unit === '' ? null : html` <span>${unit}</span>`}</span></div>`;
}

export function choice(
  name: string,
  label: string,
  options: readonly (readonly [value: string, text: string])[],
): Html {
  const id = fieldId(`panel-${name}`);
  return html`<div class="small"><label for="${id}">${label}</label><select id="${id}" name="${name}">${options.map(
    ([value, text], index) => html`<option value="${value}"${flag('selected', index === 0)}>${text}</option>`,
  )}</select></div>`;
}

/** A form whose fields are sent with the action's name. */
export function wish(view: PanelView, action: string, fields: readonly Html[], label: string): Html {
  return html`<form class="wish" method="post" action="/_sandbox/panel" data-panel><input type="hidden" name="token" value="${view.token}"><input type="hidden" name="action" value="${action}">
${fields}<button class="quiet">${label}</button></form>`;
}
