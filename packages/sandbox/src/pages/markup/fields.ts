import { flag, type Html, html } from './html.ts';

/** What went wrong, by field name; sentences that start with what to do. */
export type FieldErrors = Record<string, string>;

export interface TextField {
  name: string;
  label: string;
  value: string;
  type?: 'text' | 'email' | 'tel';
  autocomplete?: string;
  inputmode?: 'text' | 'numeric' | 'email' | 'tel';
  hint?: string;
  required?: boolean;
  readonly?: boolean;
  maxlength?: number;
  minlength?: number;
  /** Extra class of the wrapper, for the grid. */
  width?: 'half' | 'third';
}

/** `quantities[li_1]` as an id: brackets are legal there but awkward in selectors. */
export function fieldId(name: string): string {
  return `f-${name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/-$/, '')}`;
}

/** A labelled input; its hint and its error are tied to it, so that a screen reader says them with the field. */
export function textField(field: TextField, errors: FieldErrors): Html {
  const id = fieldId(field.name);
  return html`<div class="field ${field.width ?? ''}">
<label for="${id}">${field.label}${optionalMark(field.required)}</label>
<input id="${id}" name="${field.name}" type="${field.type ?? 'text'}" value="${field.value}"
 autocomplete="${field.autocomplete ?? 'off'}" inputmode="${field.inputmode ?? 'text'}" spellcheck="false"
 maxlength="${field.maxlength ?? 200}"${field.minlength ? html` minlength="${field.minlength}"` : null}${described(field.name, field.hint !== undefined, errors)}${flag('required', field.required === true)}${flag('readonly', field.readonly === true)}>
${field.hint ? html`<p class="hint" id="${id}-hint">${field.hint}</p>` : null}${fieldError(field.name, errors)}</div>`;
}

export interface SelectField {
  name: string;
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  required?: boolean;
  autocomplete?: string;
  /** First, empty choice. */
  prompt?: string;
  width?: 'half' | 'third';
}

export function selectField(field: SelectField, errors: FieldErrors): Html {
  const id = fieldId(field.name);
  const choices = field.prompt === undefined ? field.options : [{ value: '', label: field.prompt }, ...field.options];
  return html`<div class="field ${field.width ?? ''}">
<label for="${id}">${field.label}${optionalMark(field.required)}</label>
<select id="${id}" name="${field.name}" autocomplete="${field.autocomplete ?? 'off'}"${described(field.name, false, errors)}${flag('required', field.required === true)}>
${choices.map((choice) => html`<option value="${choice.value}"${flag('selected', choice.value === field.value)}>${choice.label}</option>`)}
</select>${fieldError(field.name, errors)}</div>`;
}

export function checkField(name: string, label: Html | string, checked: boolean, errors: FieldErrors): Html {
  const id = fieldId(name);
  return html`<div class="check"><input type="checkbox" id="${id}" name="${name}" value="true"${described(name, false, errors)}${flag('checked', checked)}>
<label for="${id}">${label}</label>${fieldError(name, errors)}</div>`;
}

/** The attributes that tie an input to its hint and its error. */
export function described(name: string, hinted: boolean, errors: FieldErrors): Html {
  const id = fieldId(name);
  const wrong = errors[name] !== undefined;
  const ids = [hinted ? `${id}-hint` : null, wrong ? `${id}-error` : null].filter((each) => each !== null);
  return html`${ids.length > 0 ? html` aria-describedby="${ids.join(' ')}"` : null}${wrong ? html` aria-invalid="true"` : null}`;
}

export function fieldError(name: string, errors: FieldErrors): Html {
  const sentence = errors[name];
  return html`<p class="error" id="${fieldId(name)}-error"${flag('hidden', sentence === undefined)}>${sentence ?? ''}</p>`;
}

/** All that is wrong in one place. It takes the focus, and each entry leads to its field. */
export function problemSummary(notice: string | null, errors: FieldErrors): Html {
  const entries = Object.entries(errors);
  const shown = notice !== null || entries.length > 0;
  const heading = notice !== null ? 'The payment did not go through' : 'Please look at this again';
  return html`<div class="problems" id="problems" data-swap="problems" role="alert" tabindex="-1"${flag('autofocus', shown)}${flag('hidden', !shown)}>
<h2>${heading}</h2>${notice === null ? null : html`<p>${notice}</p>`}
<ul>${entries.map(([name, sentence]) => html`<li><a href="#${fieldId(name)}">${sentence}</a></li>`)}</ul></div>`;
}

function optionalMark(required: boolean | undefined): Html | null {
  return required === true ? null : html` <span class="optional">optional</span>`;
}
