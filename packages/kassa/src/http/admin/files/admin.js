// Keeps the marked parts of a page up to date: it asks for the same page again and swaps what has changed, so the
// page works alike without this file, only not by itself.

const PAUSE_MS = 2000;

function swap(fresh) {
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (next && next.innerHTML !== plain(part)) replace(part, next);
  }
}

/** The markup as the server drew it: opened records are the reader's doing. */
function plain(part) {
  const copy = part.cloneNode(true);
  for (const details of copy.querySelectorAll('details[open]')) details.removeAttribute('open');
  return copy.innerHTML;
}

/** Rows that are still the same stay where they are, so that only what is new is announced. */
function replace(part, next) {
  const list = part.querySelector('ol');
  const rows = next.querySelector('ol');
  if (!list || !rows) {
    part.innerHTML = next.innerHTML;
    return;
  }
  for (const [at, row] of [...rows.children].entries()) {
    const old = list.children[at];
    if (!old) list.append(row);
    else if (plain(old) !== row.innerHTML || old.className !== row.className) old.replaceWith(row);
  }
  while (list.children.length > rows.children.length) list.lastElementChild.remove();
}

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href);
  if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), 'text/html'));
}

async function keepFresh() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    try {
      await refresh();
    } catch {
      // The house is away, perhaps restarting: what is shown stays, and the next round asks again.
    }
  }
}

if (document.querySelector('[data-live]')) keepFresh();
