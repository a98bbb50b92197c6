// Small typed helpers for reading the page, and the swap: replacing parts of the page by what the server drew.

export function find<T extends Element>(selector: string, kind: new () => T, from: ParentNode = document): T | null {
  const found = from.querySelector(selector);
  return found instanceof kind ? found : null;
}

export function all<T extends Element>(selector: string, kind: new () => T, from: ParentNode = document): T[] {
  return [...from.querySelectorAll(selector)].filter((each): each is T => each instanceof kind);
}

/** Says a sentence to a screen reader without moving the focus. */
export function say(sentence: string): void {
  const said = document.getElementById('said');
  if (said) said.textContent = sentence;
}

/**
 * Puts every `data-swap` part of a freshly served page into this one, where it differs. What a person is doing stays:
 * the focus returns to the same id, opened details stay open, and typed text outside the parts is not touched.
 * Answers whether anything changed.
 */
export function swapFrom(markup: string): boolean {
  const fresh = new DOMParser().parseFromString(markup, 'text/html');
  const focused = document.activeElement?.id ?? '';
  const open = new Set(all('details[open]', HTMLDetailsElement).map((each) => each.id));
  let changed = false;
  for (const part of all('[data-swap]', HTMLElement, fresh)) {
    const old = document.getElementById(part.id);
    if (!old || drawnAs(old) === part.outerHTML) continue;
    const source = part.outerHTML;
    old.replaceWith(part);
    drawn.set(part, source);
    changed = true;
  }
  for (const each of all('details', HTMLDetailsElement)) if (open.has(each.id)) each.open = true;
  if (changed && focused !== '' && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  return changed;
}

/** The server's own text of a part: opened details and local times must not look like a difference. */
const drawn = new WeakMap<Element, string>();

function drawnAs(part: Element): string {
  return drawn.get(part) ?? part.outerHTML;
}

/** Remembers how the server drew the parts, before the script touches anything. */
export function rememberDrawn(): void {
  for (const part of all('[data-swap]', HTMLElement)) drawn.set(part, part.outerHTML);
}

/** Times come in UTC; here they become the reader's own. */
export function localiseTimes(from: ParentNode = document): void {
  for (const time of all('time[datetime]', HTMLTimeElement, from)) {
    if (time.dataset.local !== undefined) continue;
    const moment = new Date(time.dateTime);
    const shape: Intl.DateTimeFormatOptions =
      time.dataset.short !== undefined ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' };
    time.title = time.dateTime;
    time.textContent = new Intl.DateTimeFormat(undefined, shape).format(moment);
    time.dataset.local = '';
  }
}
