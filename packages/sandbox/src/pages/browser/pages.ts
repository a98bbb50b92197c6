// The script of all pages. Each page works without it; this only makes it pleasanter.
import { find, localiseTimes, rememberDrawn, swapFrom } from './dom.ts';
import { startPay, tellHeight, tellParent } from './pay.ts';
import { ask, pause } from './system.ts';

const POLL_MS = 500;
const FRESH_MS = 3000;

interface Wait {
  ready: boolean;
  redirect_url: string | null;
  seconds_left: number;
}

/** After payment: asks until the shop has answered the webhook, then goes back to it. */
async function waitForShop(page: HTMLElement): Promise<void> {
  const session = page.dataset.session ?? '';
  if (page.dataset.redirects === 'false') return tellParent('complete', { session });
  const bar = find('#wait', HTMLProgressElement);
  const seconds = find('#seconds', HTMLElement);
  for (let missed = 0; missed < 5; await pause(POLL_MS)) {
    const state = await askWait(page.dataset.after ?? '');
    if (state === null) {
      missed += 1;
      continue;
    }
    missed = 0;
    if (bar) bar.value = bar.max - state.seconds_left;
    if (seconds) seconds.textContent = `${Math.ceil(state.seconds_left)} seconds`;
    if (state.ready || state.seconds_left <= 0) break;
  }
  const skip = find('#skip', HTMLAnchorElement);
  if (!skip) return;
  // In an iframe the embedding page goes back itself: browsers do not let a frame move the page around it unasked.
  if (window.parent === window) window.location.assign(skip.href);
  else tellParent('complete', { session, return_url: skip.href });
}

async function askWait(address: string): Promise<Wait | null> {
  try {
    const answer = await ask(`${address}?poll=1`);
    return answer.ok ? ((await answer.json()) as Wait) : null;
  } catch (error) {
    // The sandbox may be restarting; the caller tries again a few times and the skip link stays.
    console.warn('The sandbox did not answer.', error);
    return null;
  }
}

/** The panel: its buttons act in place, and while the switch is on it keeps itself fresh. */
async function startPanel(): Promise<void> {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.panel === undefined) return;
    event.preventDefault();
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value);
    // The form has a field named `action`, which hides the property of that name.
    void refresh(form.getAttribute('action') ?? '', { method: 'POST', body });
  });
  const live = find('#live', HTMLInputElement);
  for (;;) {
    await pause(FRESH_MS);
    if (live?.checked && document.visibilityState === 'visible') await refresh(window.location.href);
  }
}

async function refresh(address: string, how: RequestInit = {}): Promise<void> {
  const notice = document.getElementById('notice');
  try {
    const answer = await ask(address, how);
    const markup = await answer.text();
    // A look for news must not wipe the sentence that the last button left.
    const kept = how.method === 'POST' ? null : notice?.innerHTML;
    if (swapFrom(markup)) localiseTimes();
    const now = document.getElementById('notice');
    if (now && kept) now.innerHTML = kept;
  } catch (error) {
    console.warn('The sandbox did not answer.', error);
    if (notice) notice.textContent = 'The sandbox did not answer. Is it still running?';
  }
}

function start(): void {
  rememberDrawn();
  document.documentElement.dataset.scripted = '';
  localiseTimes();
  const problems = find('#problems:not([hidden])', HTMLElement);
  problems?.focus();
  const kind = document.body.className;
  if (kind === 'pay') startPay();
  const main = find('main', HTMLElement);
  if (kind === 'after' && main) void waitForShop(main);
  if (kind === 'challenge-done' && main) tellParent('challenge', { result: main.dataset.result ?? '' });
  if (kind === 'panel') void startPanel();
  if (kind === 'end' && main) tellParent('end', { session: main.dataset.session ?? '', end: main.dataset.end ?? '' });
  if (kind !== 'panel') tellHeight();
}

start();
