// The shop page: what is on, what is left, and the way to the payment page. Prices are shown, never sent.
import { goAndPay } from '/checkout.js';
import { shown, times } from '/money.js';

const REFRESH_MS = 4000;
const list = document.querySelector('#offers');
const wanted = new Map();
const errors = new Map();
let offers = [];
let busy = null;

function part(tag, fields = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const quantityOf = (offer) => Math.max(1, Math.min(wanted.get(offer.offer) ?? 1, mostOf(offer)));
const mostOf = (offer) => Math.min(offer.max_per_order, offer.left ?? offer.max_per_order);
const soldOut = (offer) => offer.left === 0;

function day(offer) {
  const at = new Date(offer.starts_at);
  const zone = offer.time_zone ?? undefined;
  const text = (options) => at.toLocaleDateString('en-US', { timeZone: zone, ...options });
  return part(
    'div',
    { class: 'day', 'aria-hidden': 'true' },
    part('span', {}, text({ month: 'short' })),
    part('b', {}, text({ day: 'numeric' })),
    part('span', {}, text({ weekday: 'short' })),
  );
}

function when(offer) {
  const at = new Date(offer.starts_at);
  const options = { dateStyle: 'full', timeStyle: 'short', timeZone: offer.time_zone ?? undefined };
  const zone = at
    .toLocaleTimeString('en-US', { timeZone: offer.time_zone ?? undefined, timeZoneName: 'short' })
    .split(' ')
    .at(-1);
  return part('p', {}, part('time', { datetime: offer.starts_at }, `${at.toLocaleString('en-US', options)} ${zone}`));
}

function left(offer) {
  if (offer.left === null) return part('p', { class: 'left' }, 'Ready to ship');
  const few = offer.left <= Math.max(3, offer.capacity / 10);
  const bar = part('span', { class: 'bar', 'aria-hidden': 'true' }, part('i'));
  bar.firstChild.style.inlineSize = `${(offer.left / offer.capacity) * 100}%`;
  return part(
    'p',
    { class: few ? 'left few' : 'left' },
    part('b', {}, String(offer.left)),
    ` of ${offer.capacity} left`,
    bar,
  );
}

function stepper(offer) {
  const quantity = quantityOf(offer);
  const step = (change) => () => {
    wanted.set(offer.offer, quantity + change);
    draw(`${offer.offer} ${change < 0 ? 'fewer' : 'more'}`);
  };
  const button = (name, sign, change, off) =>
    part(
      'button',
      {
        type: 'button',
        'data-focus': `${offer.offer} ${name}`,
        'aria-label': `${name === 'fewer' ? 'Fewer' : 'More'} of ${offer.name}`,
        'aria-disabled': off ? 'true' : null,
        onclick: off ? () => {} : step(change),
      },
      sign,
    );
  return part(
    'span',
    { class: 'stepper', role: 'group', 'aria-label': `How many of ${offer.name}` },
    button('fewer', '−', -1, quantity <= 1),
    part('output', { 'aria-live': 'polite' }, String(quantity)),
    button('more', '+', 1, quantity >= mostOf(offer)),
  );
}

function buyButton(offer, price) {
  const total = shown(times(price.unit, quantityOf(offer)), price.currency);
  const going = busy === offer.offer;
  return part(
    'button',
    {
      class: 'main',
      'data-focus': `${offer.offer} buy`,
      'aria-busy': going ? 'true' : null,
      onclick: () => buy(offer),
    },
    going ? 'Holding your seats…' : `Buy ${quantityOf(offer)}`,
    going ? null : part('span', { class: 'number' }, ` · ${total}`),
    part('span', { class: 'hidden' }, ` for ${offer.name}`),
  );
}

function ticket(offer) {
  const [price] = offer.prices;
  const gone = soldOut(offer);
  const error = errors.get(offer.offer);
  return part(
    'li',
    { class: gone ? 'ticket gone' : 'ticket', 'data-offer': offer.offer },
    offer.starts_at ? day(offer) : part('div', { class: 'day', 'aria-hidden': 'true' }, part('b', {}, '◧')),
    part(
      'div',
      { class: 'about' },
      part('h3', {}, offer.name),
      offer.starts_at ? when(offer) : null,
      offer.description ? part('p', {}, offer.description) : null,
    ),
    part(
      'div',
      { class: 'stub' },
      left(offer),
      gone
        ? part('span', { class: 'sold' }, 'Sold out')
        : part('span', { class: 'buy' }, stepper(offer), buyButton(offer, price)),
    ),
    error ? part('p', { class: 'error', role: 'alert' }, error) : null,
  );
}

/** Draws the list anew and puts the focus back where it was. */
function draw(focus = document.activeElement?.dataset?.focus) {
  const shelf = offers.filter((offer) => offer.prices[0]?.unit != null);
  list.replaceChildren(part('ul', { class: 'tickets' }, ...shelf.map(ticket)));
  list.setAttribute('aria-busy', 'false');
  if (focus) list.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

async function buy(offer) {
  if (busy) return;
  busy = offer.offer;
  errors.clear();
  draw(`${offer.offer} buy`);
  try {
    await goAndPay({
      offer: offer.offer,
      quantity: quantityOf(offer),
      metadata: { source: 'web_checkout', payment_type: 'price' },
    });
  } catch (refusal) {
    busy = null;
    await load();
    const now = offers.find((one) => one.offer === offer.offer);
    const some = now?.left ? ` ${now.left} ${now.left === 1 ? 'is' : 'are'} left.` : '';
    errors.set(
      offer.offer,
      refusal.code === 'SOLD_OUT'
        ? `Somebody was faster: not enough seats are left.${some} Nothing was charged.`
        : refusal.sentence,
    );
    draw(`${offer.offer} buy`);
  }
}

async function load() {
  const answer = await fetch('/pay/catalog');
  if (!answer.ok) throw new Error(`the catalogue answered ${answer.status}`);
  offers = (await answer.json()).offers;
}

async function refresh() {
  if (document.hidden || busy) return;
  try {
    const before = JSON.stringify(offers);
    await load();
    if (JSON.stringify(offers) !== before) draw();
  } catch {
    // What is shown may be a little old; the shop itself says no when nothing is left.
    list.dataset.stale = 'true';
  }
}

function gift(offer) {
  const price = offer.prices.find((one) => one.currency === 'usd');
  const form = document.querySelector('#gift-form');
  const amount = document.querySelector('#gift-amount');
  const error = document.querySelector('#gift-error');
  const total = document.querySelector('#gift-total');
  const valid = () => /^\d{1,6}(\.\d{1,2})?$/.test(amount.value.trim());
  document.querySelector('#gift-lead').textContent =
    `${offer.description}. From ${shown(price.minimum, 'usd')} to ${shown(price.maximum, 'usd')}.`;
  const say = (sentence) => {
    error.textContent = sentence;
    amount.toggleAttribute('aria-invalid', false);
    if (sentence) amount.setAttribute('aria-invalid', 'true');
  };
  const show = () => {
    const [whole, fraction = ''] = amount.value.trim().split('.');
    total.textContent = valid() ? shown(`${BigInt(whole)}.${fraction.padEnd(2, '0')}`, 'usd') : '';
  };
  form.addEventListener('change', (event) => {
    if (event.target.name === 'suggested') amount.value = event.target.value;
    show();
  });
  amount.addEventListener('input', () => {
    for (const radio of form.elements.suggested) radio.checked = radio.value === amount.value.trim();
    say('');
    show();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!valid()) {
      say('Write an amount such as 25 or 12.50.');
      amount.focus();
      return;
    }
    say('');
    try {
      await goAndPay({
        amount: amount.value.trim(),
        currency: 'usd',
        metadata: { source: 'web_checkout', payment_type: 'amount' },
      });
    } catch (refusal) {
      say(refusal.sentence);
      amount.focus();
    }
  });
  document.querySelector('#gift-section').hidden = false;
}

/** The browser may bring the page back from its memory, still saying that it is on its way. */
addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  busy = null;
  draw();
});

try {
  await load();
  draw();
  const free = offers.find(
    (offer) => offer.kind === 'custom_amount' && offer.prices.some((one) => one.currency === 'usd'),
  );
  if (free) gift(free);
} catch {
  list.setAttribute('aria-busy', 'false');
  const again = part('button', { class: 'main', onclick: () => location.reload() }, 'Try again');
  list.replaceChildren(
    part(
      'p',
      { class: 'note bad', role: 'alert' },
      'The shop cannot be reached. Nothing is lost; please try again in a moment.',
    ),
    again,
  );
}
setInterval(refresh, REFRESH_MS);
