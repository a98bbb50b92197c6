// The script inside an element's iframe: watches the fields, tells the shop's page what is complete (never what a card
// field holds), and turns a card into a payment method when it is asked to.
import { all, find } from '../../pages/browser/dom.ts';
import { ask as call } from '../../pages/browser/system.ts';
import { FILLED_CVC, FILLED_EXPIRY, spacedNumber } from '../../pages/outcomes.ts';

interface Failure {
  type: string;
  message: string;
  code?: string;
}
type Answer = { value: Record<string, unknown> } | { error: Failure };
type Order =
  | { type: 'do'; what: 'focus' | 'blur' | 'clear' }
  | { type: 'look'; variables: Record<string, string> }
  | { type: 'fill'; values: Record<string, string> }
  | { type: 'ask'; ticket: number; question: string; params: Record<string, unknown> };

const kind = document.body.dataset.kind ?? '';
const form = find('#element', HTMLFormElement) ?? document.createElement('form');
const withCard = kind === 'payment' || kind === 'card';
let port: MessagePort | null = null;

const tell = (message: Record<string, unknown>): void => port?.postMessage(message);
const digits = (text: string): string => text.replace(/\D/g, '');
const input = (name: string): HTMLInputElement | null => find(`[name="${name}"]`, HTMLInputElement, form);
const typed = (name: string): string => input(name)?.value.trim() ?? '';
const outcome = (): string => find('#f-outcome', HTMLSelectElement)?.value ?? 'card';
const isDebit = (): boolean => outcome().startsWith('later_');

function cardProblem(): Failure | null {
  const incomplete = (code: string, message: string): Failure => ({ type: 'validation_error', code, message });
  const number = digits(typed('card_number'));
  const known = all('#test-cards option', HTMLOptionElement).map((option) => digits(option.value));
  if (number.length < 13) return incomplete('incomplete_number', 'Type the whole card number.');
  if (!known.includes(number))
    return incomplete('incorrect_number', 'Only test cards work here. Choose one from the list.');
  if (digits(typed('card_expiry')).length < 4) return incomplete('incomplete_expiry', 'Type the month and the year.');
  if (typed('card_cvc').length < (/^3[47]/.test(number) ? 4 : 3))
    return incomplete('incomplete_cvc', 'Type the whole security code.');
  return null;
}

function problem(): Failure | null {
  if (withCard) return isDebit() ? null : cardProblem();
  const missing = all('input[required], select[required]', HTMLElement, form).find(
    (field) => (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && !field.checkValidity(),
  );
  if (!missing) return null;
  const label = find(`label[for="${missing.id}"]`, HTMLElement)?.textContent?.trim() ?? 'This field';
  return { type: 'validation_error', code: 'incomplete', message: `Fill in: ${label}.` };
}

/** What the shop may know. Of a card only its brand. */
function value(): Record<string, unknown> {
  if (withCard) {
    const number = digits(typed('card_number'));
    const known = all('#test-cards option', HTMLOptionElement).find((option) => digits(option.value) === number);
    return { type: isDebit() ? 'sepa_debit' : 'card', brand: known?.dataset.brand ?? 'unknown' };
  }
  const fields = Object.fromEntries([...new FormData(form)].map(([name, text]) => [name, String(text).trim()]));
  if (kind !== 'address') return kind === 'terms' ? { accepted: fields.terms === 'true' } : fields;
  const address: Record<string, string | null> = {};
  for (const [name, text] of Object.entries(fields)) {
    const part = /\[(\w+)\]$/.exec(name)?.[1];
    if (part) address[part] = text === '' ? null : text;
  }
  return { name: fields.name ?? '', address, ...(fields.phone === undefined ? {} : { phone: fields.phone }) };
}

function isEmpty(): boolean {
  return all('input:not([type=checkbox])', HTMLInputElement, form).every((field) => field.value === '');
}

function tellChange(): void {
  const wrong = problem();
  const shown = wrong && !isEmpty() && wrong.code === 'incorrect_number' ? wrong : undefined;
  showProblem(shown?.message ?? '');
  tell({ type: 'change', complete: wrong === null, empty: isEmpty(), value: value(), error: shown });
}

function showProblem(sentence: string): void {
  const error = document.getElementById('card-error');
  if (!error) return;
  error.textContent = sentence;
  error.hidden = sentence === '';
}

/** The card becomes a payment method; its digits go to the sandbox's own origin and nowhere else. */
async function collect(path: string, params: Record<string, unknown>): Promise<Answer> {
  const wrong = problem();
  if (wrong) {
    showProblem(wrong.message);
    return { error: wrong };
  }
  const body = new URLSearchParams({ key: String(params.key ?? '') });
  if (isDebit()) body.set('later', outcome() === 'later_fails' ? 'fails' : 'succeeds');
  else for (const name of ['card_number', 'card_expiry', 'card_cvc']) body.set(name, typed(name));
  nest(body, 'billing_details', params.billing_details);
  try {
    const answer = await call(path, { method: 'POST', body });
    const reply = (await answer.json()) as { error?: Failure } & Record<string, unknown>;
    if (!reply.error) return { value: reply };
    showProblem(reply.error.message);
    return { error: reply.error };
  } catch (error) {
    return { error: { type: 'api_connection_error', message: `The sandbox did not answer: ${String(error)}` } };
  }
}

function nest(body: URLSearchParams, name: string, given: unknown): void {
  if (given === null || given === undefined) return;
  if (typeof given !== 'object') body.set(name, String(given));
  else for (const [key, inner] of Object.entries(given)) nest(body, `${name}[${key}]`, inner);
}

async function answer(question: string, params: Record<string, unknown>): Promise<Answer> {
  if (question === 'method') return collect('/_client/payment_methods', params);
  if (question === 'token') return collect('/_client/tokens', params);
  const wrong = problem();
  if (wrong) showProblem(wrong.message);
  return wrong ? { error: wrong } : { value: value() };
}

function obey(order: Order): void {
  const first = find('input, select, button', HTMLElement, form);
  if (order.type === 'do' && order.what === 'focus') first?.focus();
  if (order.type === 'do' && order.what === 'blur' && document.activeElement instanceof HTMLElement)
    document.activeElement.blur();
  if (order.type === 'do' && order.what === 'clear') {
    for (const field of all('input', HTMLInputElement, form)) field.value = '';
    tellChange();
  }
  if (order.type === 'look') {
    for (const [name, text] of Object.entries(order.variables)) document.documentElement.style.setProperty(name, text);
  }
  if (order.type === 'fill') {
    for (const [name, text] of Object.entries(order.values)) {
      const field = form.elements.namedItem(name);
      const fillable = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
      if (fillable && field.value === '') field.value = text;
    }
    tellChange();
  }
  if (order.type === 'ask') {
    void answer(order.question, order.params).then((result) =>
      tell({ type: 'answer', ticket: order.ticket, answer: result }),
    );
  }
}

function chooseOutcome(): void {
  const chosen = find('#f-outcome option:checked', HTMLOptionElement);
  const [number, expiry, cvc] = ['card_number', 'card_expiry', 'card_cvc'].map(input);
  const card = chosen?.dataset.card ?? '';
  if (number && expiry && cvc) {
    number.value = card;
    expiry.value = card === '' ? '' : FILLED_EXPIRY;
    cvc.value = card === '' ? '' : FILLED_CVC;
  }
  const fields = find('.card-fields', HTMLElement);
  const note = find('.debit-note', HTMLElement);
  if (fields) fields.hidden = isDebit();
  if (note) note.hidden = !isDebit();
  const iban = find('.iban', HTMLElement);
  if (iban && isDebit()) iban.textContent = iban.dataset[outcome()] ?? '';
}

function watch(): void {
  form.addEventListener('submit', (event) => event.preventDefault());
  find('#f-outcome', HTMLSelectElement)?.addEventListener('change', chooseOutcome);
  form.addEventListener('input', (event) => {
    const { target } = event;
    if (target instanceof HTMLInputElement && target.name.startsWith('card_')) {
      const select = find('#f-outcome', HTMLSelectElement);
      if (select) select.value = 'card';
      const atEnd = target.selectionStart === target.value.length;
      if (target.name === 'card_number' && atEnd) target.value = spacedNumber(digits(target.value).slice(0, 19));
      if (target.name === 'card_expiry' && atEnd && /^\d{3,}$/.test(target.value)) {
        target.value = `${target.value.slice(0, 2)} / ${target.value.slice(2, 6)}`;
      }
    }
    tellChange();
  });
  form.addEventListener('change', tellChange);
  form.addEventListener('focusin', () => tell({ type: 'focus' }));
  form.addEventListener('focusout', () => tell({ type: 'blur' }));
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') tell({ type: 'escape' });
  });
  find('#wallet', HTMLButtonElement)?.addEventListener('click', () => tell({ type: 'pressed' }));
}

window.addEventListener('message', (event) => {
  const [given] = event.ports;
  if (port || !given || event.source !== window.parent || event.data?.source !== 'kassa-sandbox') return;
  port = given;
  port.onmessage = (message) => obey(message.data as Order);
  const height = (): void => tell({ type: 'height', height: Math.ceil(form.getBoundingClientRect().bottom + 4) });
  new ResizeObserver(height).observe(form);
  tell({ type: 'ready' });
  tellChange();
});
watch();
