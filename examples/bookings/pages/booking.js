// A page of the contract booking-checkout: choose, see the price, hold the time, pay with Stripe.js, have it confirmed.
// No price is ever sent, and nothing is called paid before the shop has said so.
import { choice, dayDate, dayName, drawHours, markTaken, nextDays, wholeName } from '/hours.js';
import { ask, catalog, money, signIn } from '/shop.js';
import { appearance, openStripe } from '/stripe.js';

const at = (id) => document.getElementById(id);
const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;
const MINUTES = { 11: 60, 12: 120 };
const ANOTHER = 'another card';
const POLL_MS = 2_000;
/** What is sold, by its id; what the page has been told the wish costs; what is held for us, and how it is paid. */
const offers = new Map();
let priced;
let held;
let stripe;
let elements;
/** One wish, one key: a second click, or a second try after a lost answer, is the same booking. */
let key;

function complain(sentence) {
  at('trouble').textContent = sentence;
  if (sentence) at('trouble').focus();
}

/** Says what is being done; nothing: the buyer may act. The button keeps the focus meanwhile. */
function work(sentence) {
  const ready = held ? true : Boolean(priced);
  at('go').disabled = !ready;
  at('go').setAttribute('aria-disabled', String(sentence !== ''));
  at('go').textContent = sentence || labelOf();
  at('progress').textContent = sentence;
}

function labelOf() {
  if (held) return `Pay ${money(held.total_cents)}`;
  if (priced && !priced.requires_payment) return 'Book';
  return 'Continue to payment';
}

const busy = () => at('go').getAttribute('aria-disabled') === 'true';

/* What for, and when */

const typeOf = ({ kind }) => (kind === 'bundle' ? 'bundle' : 'single_session');

function wish() {
  const offer = offers.get(chosen('service'));
  if (!offer) return undefined;
  const item = { service_id: Number(offer.offer), quantity: 1 };
  if (typeOf(offer) === 'single_session') {
    const start_time = chosen('hour');
    if (!start_time) return undefined;
    item.start_time = start_time;
    item.end_time = new Date(Date.parse(start_time) + MINUTES[item.service_id] * 60_000).toISOString();
  }
  return { checkout_type: typeOf(offer), items: [item], use_credits: at('credits').checked };
}

function showHours() {
  const offer = offers.get(chosen('service'));
  const timed = offer !== undefined && typeOf(offer) === 'single_session';
  at('when').hidden = !timed;
  if (!timed) return;
  const service_id = Number(offer.offer);
  drawHours(at('hours'), new Date(chosen('day')), { service_id, minutes: MINUTES[service_id] });
}

function row(name, value, strong = false) {
  const line = document.createElement('div');
  if (strong) line.className = 'total';
  line.append(Object.assign(document.createElement('dt'), { textContent: name }));
  line.append(Object.assign(document.createElement('dd'), { textContent: value }));
  return line;
}

function showBill() {
  at('empty').hidden = Boolean(priced);
  at('bill').hidden = !priced;
  if (!priced) return;
  const { subtotal_cents, tax_cents, credits_applied_cents, total_cents } = priced;
  const offer = offers.get(chosen('service'));
  const start = chosen('hour');
  const what =
    start && typeOf(offer) === 'single_session' ? `${offer.name}, ${wholeName(new Date(start))}` : offer.name;
  at('bill').replaceChildren(
    row(what, money(subtotal_cents)),
    ...(tax_cents ? [row('Tax', money(tax_cents))] : []),
    ...(credits_applied_cents ? [row('Your credits', `− ${money(credits_applied_cents)}`)] : []),
    row('To pay', money(total_cents), true),
  );
}

/** Asks what the wish costs. Who answers late, because the buyer has chosen again, is not listened to. */
async function price() {
  complain('');
  priced = undefined;
  key = undefined;
  const body = wish();
  showBill();
  work('');
  if (!body) return;
  work('Asking for the price…');
  try {
    const answer = await ask('/checkout/calculate-price', body);
    if (JSON.stringify(wish()) !== JSON.stringify(body)) return;
    priced = answer;
    showBill();
  } catch (error) {
    refuse(error, body);
  } finally {
    work('');
  }
}

/** Somebody was faster: the hour is crossed out, and the next free ones are named. */
function refuse(error, { items: [item] }) {
  if (error.code !== 'SLOT_TAKEN') return complain(error.message);
  markTaken(item.service_id, item.start_time);
  showHours();
  priced = undefined;
  showBill();
  const next = (error.details.next_free ?? []).map((start) => wholeName(new Date(start)));
  complain(next.length > 0 ? `${error.message} Free: ${next.join('; ')}.` : error.message);
}

/* Held, and paid */

async function hold() {
  const body = { ...wish(), save_payment_method: at('save').checked };
  key ??= crypto.randomUUID();
  work('Keeping your time…');
  try {
    const opened = await ask('/checkout/create', body, key);
    if (!opened.requires_payment) return await finish({ order_id: opened.order_id });
    const [{ payment_methods }, { hold_expires_at }] = await Promise.all([
      ask('/payment-methods'),
      ask('/checkout/status', { order_id: opened.order_id }),
    ]);
    stripe ??= await openStripe();
    held = opened;
    showPayment(payment_methods, new Date(hold_expires_at));
  } catch (error) {
    refuse(error, body);
  } finally {
    work('');
  }
}

function showPayment(methods, until) {
  const time = until.toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' });
  at('kept').textContent = `Kept for you until ${time}.`;
  const saved = methods.map(({ id, card }, index) =>
    choice({
      name: 'method',
      value: id,
      title: `${card.brand.toUpperCase()} ending in ${card.last4}`,
      detail: `until ${card.exp_month}/${card.exp_year}`,
      checked: index === 0,
    }),
  );
  const other = choice({ name: 'method', value: ANOTHER, title: 'Another card', checked: saved.length === 0 });
  at('methods').replaceChildren(...saved, other);
  at('methods').hidden = saved.length === 0;
  elements = stripe.elements({ clientSecret: held.client_secret, appearance: appearance() });
  elements.create('payment').mount('#element');
  at('element').hidden = chosen('method') !== ANOTHER;
  at('choice').inert = true;
  at('payment').hidden = false;
  at('change').hidden = false;
  (document.querySelector('input[name="method"]:checked:not([hidden])') ?? at('go')).focus();
}

const back = () => `${location.origin}/`;

async function pay() {
  complain('');
  work('Asking your bank…');
  const { order_id, client_secret } = held;
  try {
    const method = chosen('method');
    if (method === ANOTHER) {
      const options = { elements, confirmParams: { return_url: back() }, redirect: 'if_required' };
      const { error } = await stripe.confirmPayment(options);
      if (error) throw error;
      return await finish({ order_id });
    }
    const told = await ask('/payment/confirm', { order_id, payment_method_id: method, return_url: back() });
    if (!told.requires_action) return await finish({ order_id }, told);
    work('Your bank wants to hear from you…');
    const { error } = await stripe.handleNextAction({ clientSecret: told.client_secret ?? client_secret });
    if (error) throw error;
    await finish({ order_id });
  } catch (error) {
    complain(error.message);
  } finally {
    work('');
  }
}

/** The shop says what became of it; a bank that takes its time is waited for. */
async function finish(names, told) {
  const answer = told ?? (await ask('/payment/confirm', names));
  if (answer.status === 'paid') {
    const [booking] = answer.bookings;
    const when = booking ? `${wholeName(new Date(booking.start_time))}. A receipt is on its way.` : '';
    const words = booking ? ['See you by the water', when] : ['It is yours', 'Your hours are there to be booked.'];
    return show(...words, answer.order_id, 'good');
  }
  if (answer.status === 'processing') {
    show(
      'Your bank is at work',
      'Your time is kept meanwhile. This page says so when it is paid.',
      answer.order_id,
      'wait',
    );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    return finish({ order_id: answer.order_id });
  }
  if (['expired', 'canceled'].includes(answer.status))
    throw new Error('This time is no longer kept. Nothing was charged.');
  throw new Error('It is not paid yet. Please try again.');
}

function show(title, text, order_id, kind) {
  for (const panel of document.querySelectorAll('.panel, .head')) panel.hidden = true;
  at('verdict').hidden = false;
  at('verdict').className = `verdict ${kind}`;
  at('verdict-title').textContent = title;
  at('verdict-text').textContent = text;
  at('number').textContent = order_id;
  at('verdict').focus();
}

/* The page */

async function credits() {
  const { available_cents, currency, session_credits } = await ask('/credits/balance');
  const hours = session_credits.reduce((sum, { remaining }) => sum + remaining, 0);
  const parts = [
    ...(available_cents ? [money(available_cents, currency)] : []),
    ...(hours ? [`${hours} ${hours === 1 ? 'hour' : 'hours'}`] : []),
  ];
  at('credits-row').hidden = parts.length === 0;
  at('credits').checked = parts.length > 0;
  at('credits-label').textContent = `Use my credits: ${parts.join(' and ')}`;
}

function drawChoices(all) {
  for (const offer of all) offers.set(offer.offer, offer);
  at('services').replaceChildren(
    ...all.map(({ offer, name, description, prices: [price] }, index) =>
      choice({
        name: 'service',
        value: offer,
        title: `${name} · ${money(price.unit_minor, price.currency)}`,
        detail: description,
        checked: index === 0,
      }),
    ),
  );
  at('days').replaceChildren(
    ...nextDays().map((day, index) =>
      choice({
        name: 'day',
        value: day.toISOString(),
        title: dayName(day),
        detail: dayDate(day),
        checked: index === 0,
      }),
    ),
  );
  at('zone').textContent = `in ${Intl.DateTimeFormat().resolvedOptions().timeZone} time`;
  showHours();
}

function signedOut() {
  at('choice').hidden = true;
  at('notice').className = 'note wait';
  at('notice').textContent = 'Please sign in to book: open this page with #token=… behind its address.';
}

at('choice').addEventListener('change', ({ target }) => {
  if (['service', 'day'].includes(target.name)) showHours();
  if (target.id !== 'save') price();
  else key = undefined;
});
at('choice').addEventListener('submit', (event) => event.preventDefault());
at('payment').addEventListener('submit', (event) => event.preventDefault());
at('payment').addEventListener('change', () => {
  at('element').hidden = chosen('method') !== ANOTHER;
});
at('go').addEventListener('click', () => {
  if (busy()) return undefined;
  return held ? pay() : hold();
});
at('change').addEventListener('click', () => {
  held = undefined;
  elements = undefined;
  at('element').replaceChildren();
  for (const id of ['payment', 'change']) at(id).hidden = true;
  at('kept').textContent = 'The time before is free again soon.';
  at('choice').inert = false;
  at('book').focus();
  price();
});

// A token that is pasted behind the address of an open page signs in as well.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) location.reload();
});

const buyer = signIn();
const returned = new URLSearchParams(location.search).get('payment_intent');
if (!buyer) signedOut();
else {
  at('who').textContent = `Signed in as ${buyer}`;
  try {
    if (returned) {
      history.replaceState(null, '', location.pathname);
      await finish({ payment_intent_id: returned });
    } else {
      drawChoices(await catalog());
      await credits();
    }
  } catch (error) {
    complain(error.message);
  }
}
