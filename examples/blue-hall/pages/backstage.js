// Backstage: what happens to the newest orders, step by step. It exists in the sandbox on this computer alone; where
// the house does not answer, the page is simply the shop.

const ASK_MS = 800;
const AWAY_MS = 4000;
const ANNOUNCE_MS = 2000;
const MARKS = { ok: '✓', waiting: '…', failed: '!', info: '•' };
const WORDS = { ok: 'done', waiting: 'waiting', failed: 'failed', info: '' };
const panel = document.querySelector('#backstage');
let etag = '';
const seen = new Set();
let first = true;
let announced_at = 0;

function part(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function link(href, text) {
  const node = part('a', '', text);
  node.href = href;
  return node;
}

function open() {
  const title = part('h2', '', part('span', 'lamp'), 'Backstage');
  title.id = 'backstage-title';
  title.firstChild.setAttribute('aria-hidden', 'true');
  const nav = part(
    'nav',
    '',
    link('/admin/orders', 'Orders'),
    link('/admin/inbox', 'Inbox'),
    link('/admin/attention', 'Needs attention'),
  );
  nav.setAttribute('aria-label', 'Backstage');
  const log = part('div', 'log');
  log.setAttribute('role', 'log');
  log.setAttribute('aria-live', 'off');
  log.setAttribute('aria-label', 'Timeline of the newest orders');
  const said = part('p', 'hidden');
  said.setAttribute('role', 'status');
  panel.replaceChildren(part('header', '', title, nav), log, said);
  panel.tabIndex = 0;
  panel.hidden = false;
  remember(true);
}

/** The next page keeps the place before it is drawn (see stage.js). */
function remember(there) {
  document.documentElement.classList.toggle('staged', there);
  if (there) sessionStorage.setItem('backstage', 'open');
  else sessionStorage.removeItem('backstage');
}

function since(step, start) {
  const ms = new Date(step.at) - new Date(start);
  if (ms < 1000) return `+${ms} ms`;
  if (ms < 60_000) return `+${Math.floor(ms / 100) / 10} s`;
  return ms < 3_600_000 ? `+${Math.floor(ms / 60_000)} min` : `+${Math.floor(ms / 3_600_000)} h`;
}

function row(order, step, opened) {
  const key = `${order.id} ${step.kind} ${step.title}`;
  const state = part('span', 'hidden', WORDS[step.state] ? ` (${WORDS[step.state]})` : '');
  const what = part('div', 'what', part('b', '', step.title), state);
  if (step.detail) what.append(part('span', '', step.detail));
  const node = part('span', 'node', MARKS[step.state]);
  node.setAttribute('aria-hidden', 'true');
  const record = part('pre', '', JSON.stringify(step.json, null, 2));
  record.tabIndex = 0;
  const details = part(
    'details',
    '',
    part('summary', '', 'Record', part('span', 'hidden', ` of ${step.title}`)),
    record,
  );
  details.dataset.key = key;
  details.open = opened.has(key);
  const time = part('time', 'since', since(step, order.steps[0].at));
  time.dateTime = step.at;
  const item = part('li', step.state + (seen.has(key) || first ? '' : ' new'), node, what, time, details);
  seen.add(key);
  return item;
}

const nameOf = (order) =>
  order.number === null ? `New order, ${order.status}` : `Order #${order.number} ${order.status.replaceAll('_', ' ')}`;
const whatOf = (order) => `${order.lines.map((line) => `${line.quantity} × ${line.name}`).join(', ')} · ${order.total}`;
const stepsOf = (order, opened) => part('ol', 'steps', ...order.steps.map((step) => row(order, step, opened)));

/** The newest order stands open; those before it wait folded below. */
function story(order, opened) {
  const head = part('h3', '', link(`/admin/orders/${order.id}`, nameOf(order)), part('span', 'sum', whatOf(order)));
  return part('section', 'story', head, stepsOf(order, opened));
}

function older(order, opened) {
  const summary = part('summary', '', nameOf(order), part('span', 'sum', whatOf(order)));
  const more = part('p', '', link(`/admin/orders/${order.id}`, `Open ${nameOf(order)}`));
  const details = part('details', 'older', summary, more, stepsOf(order, opened));
  details.dataset.key = order.id;
  details.open = opened.has(order.id);
  return details;
}

function draw(orders) {
  const log = panel.querySelector('.log');
  const focused = document.activeElement?.closest?.('details')?.dataset.key;
  const opened = new Set([...log.querySelectorAll('details[open]')].map((details) => details.dataset.key));
  const before = seen.size;
  if (orders.length === 0) {
    log.replaceChildren(
      part(
        'p',
        'empty',
        part('b', '', 'Buy something; every step will show here.'),
        'The hold, the payment, the signed webhook, the receipt.',
      ),
    );
  } else {
    const [newest, ...before_it] = orders;
    log.replaceChildren(story(newest, opened), ...before_it.map((order) => older(order, opened)));
    if (focused) log.querySelector(`details[data-key="${CSS.escape(focused)}"] summary`)?.focus();
  }
  announce(orders[0], seen.size - before);
  first = false;
}

/** One polite sentence at most every two seconds; what is missed in between is told by the next one. */
function announce(order, added) {
  if (first || !order || added === 0 || Date.now() - announced_at < ANNOUNCE_MS) return;
  announced_at = Date.now();
  panel.querySelector('[role="status"]').textContent = `Backstage: ${order.steps.at(-1).title}`;
}

/** Asks once. Answers how long to wait until the next time, or nothing when there is no backstage. */
async function ask() {
  if (document.hidden) return ASK_MS;
  try {
    const answer = await fetch('/admin/live.json', { headers: etag ? { 'If-None-Match': etag } : {} });
    if (answer.status === 404) {
      remember(false);
      return undefined;
    }
    if (answer.status === 304) return ASK_MS;
    if (!answer.ok) throw new Error(`backstage answered ${answer.status}`);
    etag = answer.headers.get('ETag') ?? '';
    if (panel.hidden) open();
    panel.classList.remove('away');
    draw((await answer.json()).orders);
    return ASK_MS;
  } catch {
    panel.classList.add('away');
    return AWAY_MS;
  }
}

for (let pause = await ask(); pause !== undefined; pause = await ask()) {
  await new Promise((resolve) => setTimeout(resolve, pause));
}
