// The card form on the payment page: filled by the chosen outcome, checked against the list of test cards before
// anything is sent. A number that is not on the list is wiped here and never leaves the browser.
import { FILLED_CVC, FILLED_EXPIRY, spacedNumber } from '../outcomes.ts';
import { all, find, say } from './dom.ts';

const digits = (text: string): string => text.replace(/\D/g, '');

const spaced = (text: string): string => spacedNumber(digits(text).slice(0, 19));

function brandOf(number: string): string {
  const known = all('[data-number]', HTMLButtonElement).find((card) => digits(card.dataset.number ?? '') === number);
  if (known) return known.dataset.brand ?? '';
  return number.startsWith('4') ? 'Visa' : '';
}

interface CardFields {
  number: HTMLInputElement;
  expiry: HTMLInputElement;
  cvc: HTMLInputElement;
  filledFor: HTMLInputElement;
}

function cardFields(): CardFields | null {
  const number = find('#f-card_number', HTMLInputElement);
  const expiry = find('#f-card_expiry', HTMLInputElement);
  const cvc = find('#f-card_cvc', HTMLInputElement);
  const filledFor = find('[name=card_for]', HTMLInputElement);
  return number && expiry && cvc && filledFor ? { number, expiry, cvc, filledFor } : null;
}

function chosen(): HTMLInputElement | null {
  return find('[name=outcome]:checked', HTMLInputElement);
}

function fill(fields: CardFields, number: string): void {
  fields.number.value = number;
  fields.expiry.value = number === '' ? '' : FILLED_EXPIRY;
  fields.cvc.value = number === '' ? '' : /^3[47]/.test(number) ? `${FILLED_CVC}4` : FILLED_CVC;
  for (const field of [fields.number, fields.expiry, fields.cvc]) {
    field.classList.remove('filled');
    void field.offsetWidth; // Reading the width restarts the highlight.
    if (number !== '') field.classList.add('filled');
    clearProblem(field);
  }
  showBrand(fields);
}

function showBrand(fields: CardFields): void {
  const brand = document.getElementById('card-brand');
  if (brand) brand.textContent = brandOf(digits(fields.number.value));
}

function fillForChoice(fields: CardFields): void {
  const choice = chosen();
  if (!choice) return;
  fields.filledFor.value = choice.value;
  nameButton(choice.value);
  if (choice.value === 'card') {
    fields.number.focus();
    return;
  }
  const reason = find('#f-decline_code option:checked', HTMLOptionElement);
  fill(fields, choice.value === 'declined' ? (reason?.dataset.card ?? '') : (choice.dataset.card ?? ''));
  if (choice.value === 'pays_later') showAccount();
}

/** Walking away is not paying, so the button says so. */
export function nameButton(outcome: string): void {
  const face = find('#pay-button .face', HTMLElement);
  if (!face) return;
  face.dataset.pays ??= face.textContent ?? '';
  face.textContent = outcome === 'abandons' ? 'Leave without paying' : face.dataset.pays;
}

function showAccount(): void {
  const account = find('.iban', HTMLElement);
  const result = find('#f-later_result', HTMLSelectElement);
  if (account && result) account.textContent = account.dataset[result.value] ?? '';
}

/** Typing over a filled card means: this card decides. */
function choiceByHand(fields: CardFields): void {
  const byCard = find('#o-card', HTMLInputElement);
  if (!byCard || byCard.checked || chosen()?.value === 'closes_after_paying') return;
  byCard.checked = true;
  fields.filledFor.value = 'card';
  nameButton('card');
}

function groupDigits(field: HTMLInputElement, shape: (text: string) => string): void {
  const atEnd = field.selectionStart === field.value.length;
  const shaped = shape(field.value);
  if (shaped === field.value || !atEnd) return;
  field.value = shaped;
}

const expiryShape = (text: string): string => {
  const [month = '', year = ''] = text.includes('/')
    ? text.split('/').map(digits)
    : [digits(text).slice(0, 2), digits(text).slice(2)];
  return year === '' && !text.includes('/') ? month : `${month} / ${year.slice(0, 4)}`;
};

/** Shows a sentence at the field and ties it to the field; an empty sentence takes both away. */
function showProblem(field: HTMLInputElement, sentence: string): void {
  const error = document.getElementById(`${field.id}-error`);
  if (!error) return;
  error.textContent = sentence;
  error.hidden = sentence === '';
  const others = (field.getAttribute('aria-describedby') ?? '').split(' ').filter((id) => id !== '' && id !== error.id);
  const tied = sentence === '' ? others : [...others, error.id];
  if (tied.length > 0) field.setAttribute('aria-describedby', tied.join(' '));
  else field.removeAttribute('aria-describedby');
  if (sentence === '') field.removeAttribute('aria-invalid');
  else field.setAttribute('aria-invalid', 'true');
}

function clearProblem(field: HTMLInputElement): void {
  showProblem(field, '');
}

/** True when the form may be sent. A number that is no test card is wiped and explained instead. */
export function cardMayLeave(): boolean {
  const fields = cardFields();
  if (!fields) return true;
  const outcome = chosen()?.value;
  if (outcome === 'pays_later' || outcome === 'abandons') {
    fields.number.value = '';
    return true;
  }
  const number = digits(fields.number.value);
  const known = all('[data-number]', HTMLButtonElement).map((card) => digits(card.dataset.number ?? ''));
  if (number === '' && outcome !== 'card') return true;
  if (known.length === 0 || known.includes(number)) return true;
  fields.number.value = '';
  const typed = number === '' ? 'Type a test card number.' : 'Only test cards work here. The number was not sent.';
  showProblem(fields.number, `${typed} Choose one from the list below.`);
  fields.number.focus();
  say(typed);
  return false;
}

export function wireCard(): void {
  const fields = cardFields();
  if (!fields) return;
  showBrand(fields);
  for (const choice of all('[name=outcome]', HTMLInputElement))
    choice.addEventListener('change', () => fillForChoice(fields));
  find('#f-decline_code', HTMLSelectElement)?.addEventListener('change', () => fillForChoice(fields));
  find('#f-later_result', HTMLSelectElement)?.addEventListener('change', showAccount);
  fields.number.addEventListener('input', () => {
    groupDigits(fields.number, spaced);
    clearProblem(fields.number);
    showBrand(fields);
    choiceByHand(fields);
  });
  fields.expiry.addEventListener('input', () => {
    groupDigits(fields.expiry, expiryShape);
    choiceByHand(fields);
  });
  fields.cvc.addEventListener('input', () => choiceByHand(fields));
  for (const card of all('[data-number]', HTMLButtonElement))
    card.addEventListener('click', () => {
      choiceByHand(fields);
      fill(fields, card.dataset.number ?? '');
      fields.number.focus();
    });
}
