// The payment page with script: re-prices in place, keeps a second click from paying twice, tells an embedding page.
import { cardMayLeave, nameButton, wireCard } from './card.ts';
import { all, find, localiseTimes, say, swapFrom } from './dom.ts';
import { ask } from './system.ts';

/** Card fields stay out of everything but the payment itself. */
const CARD_FIELDS = ['card_number', 'card_expiry', 'card_cvc'];

let updating: AbortController | null = null;

/** Asks the server to price the form again and shows what it answers; typed text stays where it is. */
async function update(form: HTMLFormElement, intent: string): Promise<void> {
  updating?.abort();
  updating = new AbortController();
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string' && !CARD_FIELDS.includes(name)) body.append(name, value);
  }
  body.set('intent', intent);
  const address = form.dataset.update ?? '';
  try {
    const answer = await ask(address, { method: 'POST', body, signal: updating.signal });
    swapFrom(await answer.text());
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    return say('The sandbox did not answer. Is it still running?');
  }
  wireUpdates(form);
  localiseTimes();
  nameButton(find('[name=outcome]:checked', HTMLInputElement)?.value ?? '');
  announce(intent);
  tellParent('update');
}

/** What changed, in words; when a code was refused the focus goes back to its field. */
function announce(intent: string): void {
  const total = find('#order-title data', HTMLElement)?.textContent ?? '';
  const refused = find('#order [aria-invalid=true]', HTMLInputElement);
  if (refused) {
    refused.focus();
    say(document.getElementById(`${refused.id}-error`)?.textContent ?? '');
    return;
  }
  if (intent === 'apply_promotion') say(`Code applied. The total is now ${total}.`);
  else say(`The total is now ${total}.`);
}

/** The slip is drawn anew by each update, so its inputs are wired again. */
function wireUpdates(form: HTMLFormElement): void {
  for (const input of all('[data-update]:not([data-wired])', HTMLInputElement)) {
    input.dataset.wired = '';
    input.addEventListener('change', () => void update(form, input.dataset.update ?? ''));
  }
  for (const button of all('[data-intent]:not([data-wired])', HTMLButtonElement)) {
    button.dataset.wired = '';
    button.addEventListener('click', (event) => {
      event.preventDefault();
      void update(form, button.value);
    });
  }
  for (const input of all('[data-enter]:not([data-wired])', HTMLInputElement)) {
    input.dataset.wired = '';
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      void update(form, input.dataset.enter ?? '');
    });
  }
}

/** Enter in the e-mail field and the button mean the same; a second press while the first is under way means nothing. */
function wireSubmit(form: HTMLFormElement): void {
  let under_way = false;
  form.addEventListener('submit', (event) => {
    if (under_way || !cardMayLeave()) return event.preventDefault();
    under_way = true;
    const button = find('#pay-button', HTMLButtonElement);
    const face = find('#pay-button .face', HTMLElement);
    button?.setAttribute('aria-disabled', 'true');
    if (face) face.textContent = 'One moment…';
    say('One moment, the payment is on its way.');
  });
  // Coming back with the browser's back button must find a page that can be used.
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    under_way = false;
    window.location.reload();
  });
}

/** An embedding page learns the height and what happens. Nothing secret is told, so any parent may hear it. */
export function tellParent(event: string, more: Record<string, string | number> = {}): void {
  if (window.parent === window) return;
  window.parent.postMessage({ source: 'kassa-sandbox', event, ...more }, '*');
}

export function tellHeight(): void {
  if (window.parent === window) return;
  const tell = (): void => tellParent('height', { height: Math.ceil(document.body.getBoundingClientRect().height) });
  new ResizeObserver(tell).observe(document.body);
  tell();
}

export function startPay(): void {
  const form = find('#pay', HTMLFormElement);
  if (!form) return;
  wireCard();
  wireUpdates(form);
  wireSubmit(form);
}
