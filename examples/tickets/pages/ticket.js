// The page of the ticket-order contract (docs/contracts/ticket-order.md): a visit opens a session, the button stores who
// buys and then pays, Stripe leads on to the confirmation. Prices are shown, never sent.
import { appearance, openStripe } from '/stripe.js';

const MOUNT = '/api/screening';
const KEPT = 'what was typed';
const at = (id) => document.getElementById(id);
const form = at('form');
const wanted = new URLSearchParams(location.search).get('screening_id') ?? '';
/** What Stripe.js gives us to pay with, once it is there. */
let checkout;

/** Asks the shop. Answers its status and what it said; throws when it cannot be reached. */
async function post(path, body) {
  let answer;
  try {
    const headers = { 'Content-Type': 'application/json' };
    answer = await fetch(MOUNT + path, { method: 'POST', headers, body: JSON.stringify(body) });
  } catch {
    throw new Error('The cinema cannot be reached. Nothing was charged. Please try again.');
  }
  const told = await answer.json().catch(() => ({}));
  return {
    status: answer.status,
    ok: answer.ok,
    told,
    detail: told.detail ?? 'Something went wrong. Please try again.',
  };
}

function tell(sentence, kind = 'wait') {
  at('notice').textContent = sentence;
  at('notice').className = `note ${kind}`;
}

/** Says what went wrong where everybody finds it, and leaves the page as it was. */
function complain(sentence) {
  at('trouble').textContent = sentence;
  if (sentence) at('trouble').focus();
}

/** Says what is being done; nothing: the buyer may act. The button keeps the focus, so it is never really disabled then. */
function work(sentence) {
  form.setAttribute('aria-busy', String(sentence !== ''));
  at('pay').toggleAttribute('disabled', !checkout);
  at('pay').setAttribute('aria-disabled', String(sentence !== ''));
  at('pay').textContent = sentence || (checkout ? `Pay ${checkout.total}` : 'Pay');
  at('progress').textContent = sentence;
}

/* The evenings. What is left is shown; which one is meant stands in the address. */

function evening({ starts_at, time_zone }) {
  const day = { weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' };
  return new Date(starts_at).toLocaleString('en-US', { ...day, timeZone: time_zone ?? undefined });
}

function priceOf({ unit, currency }) {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).format(unit);
}

function row(offer, current) {
  const node = document.createElement('li');
  const link = document.createElement('a');
  link.href = `/?screening_id=${offer.offer}`;
  if (current) link.setAttribute('aria-current', 'page');
  const when = document.createElement('b');
  when.textContent = evening(offer);
  const what = document.createElement('span');
  what.textContent = `${offer.description} · ${priceOf(offer.prices[0])}`;
  const left = document.createElement('span');
  left.className = offer.left !== null && offer.left < 10 ? 'few' : 'quiet';
  left.textContent = offer.left === 0 ? 'Sold out' : `${offer.left} seats left`;
  link.append(when, what, left);
  node.append(link);
  return node;
}

async function showEvenings() {
  try {
    const { offers } = await (await fetch('/pay/catalog')).json();
    const chosen = offers.find((offer) => offer.offer === wanted) ?? offers[0];
    at('screenings').replaceChildren(...offers.map((offer) => row(offer, offer === chosen)));
  } catch {
    at('screenings').firstElementChild.textContent = 'The evenings cannot be looked up just now.';
  }
}

/* Step one: a session for this visit, and Stripe's form in the page. */

async function open() {
  work('Opening the payment form…');
  try {
    const [stripe, answer] = await Promise.all([openStripe(), post(wanted ? `/?screening_id=${wanted}` : '/', {})]);
    if (!answer.ok) return refuse(answer);
    const sdk = stripe.initCheckoutElementsSdk({
      clientSecret: answer.told,
      elementsOptions: { appearance: appearance() },
    });
    const [loaded] = await Promise.all([sdk.loadActions(), mounted(sdk.createPaymentElement())]);
    if (loaded.type === 'error') throw new Error(loaded.error.message);
    const { actions } = loaded;
    const { id, total } = actions.getSession();
    checkout = { actions, session_id: id, total: total.total.amount };
    work('');
  } catch (error) {
    again(error.message);
  }
}

/** Puts Stripe's fields into the page and waits until they can be filled in. */
function mounted(element) {
  return new Promise((resolve, reject) => {
    element.on('ready', resolve);
    element.on('loaderror', ({ error }) => reject(error));
    element.mount('#payment');
  });
}

function refuse({ status, detail }) {
  if (status !== 409 && status !== 404) return again(detail);
  const words = { 409: `${detail} The other evening may still have a seat.`, 404: 'There is no such evening.' };
  form.hidden = true;
  tell(words[status], 'bad');
}

/** Nothing was opened, so nothing is lost by asking once more. */
function again(sentence) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  button.textContent = 'Try again';
  button.addEventListener('click', () => {
    complain('');
    at('payment').replaceChildren();
    open();
  });
  at('payment').replaceChildren(button);
  work('');
  complain(sentence);
}

/* Step two and three: who buys is stored, and only then is the bank asked. */

const problemOf = {
  name: (text) => (text.trim() === '' ? 'Please tell us your name.' : ''),
  email: (text) =>
    /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text.trim()) ? '' : 'Please enter an address such as ann@example.com.',
};

/** Marks one field, or none. Answers whether there is anything to correct. */
function mark(field, problem) {
  at(`${field}-error`).textContent = problem;
  at(field).toggleAttribute('aria-invalid', problem !== '');
  if (problem) at(field).setAttribute('aria-invalid', 'true');
  return problem !== '';
}

function check() {
  const wrong = Object.entries(problemOf).filter(([field, problem]) => mark(field, problem(at(field).value)));
  if (wrong.length > 0) at(wrong[0][0]).focus();
  return wrong.length === 0;
}

for (const field of Object.keys(problemOf)) {
  at(field).addEventListener('input', () => {
    if (at(`${field}-error`).textContent !== '') mark(field, problemOf[field](at(field).value));
  });
}

const typed = () => ({ name: at('name').value.trim(), email: at('email').value.trim(), seat: at('seat').value });

async function store() {
  const { name, email, seat } = typed();
  const screening = wanted ? { screening_id: wanted } : {};
  const wish = seat ? { seat } : {};
  const details = { stripe_checkout_session_id: checkout.session_id, email, ...screening, name, ...wish };
  const answer = await post('/pending', details);
  if (answer.ok) return true;
  if (answer.status === 400) startOver(answer.detail);
  else if (answer.status === 422 && answer.detail.startsWith('email:')) {
    mark('email', 'Please enter an address such as ann@example.com.');
    at('email').focus();
  } else complain(answer.detail);
  return false;
}

/** The session is over, which is said as it is, over a page that has opened a new one and lost nothing of what was typed. */
function startOver(sentence) {
  sessionStorage.setItem(KEPT, JSON.stringify({ ...typed(), sentence }));
  location.reload();
}

function takeUp() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
  sessionStorage.removeItem(KEPT);
  if (!kept) return;
  for (const field of ['name', 'email', 'seat']) at(field).value = kept[field] ?? '';
  tell(kept.sentence);
  at('order').focus();
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (form.getAttribute('aria-busy') === 'true' || !checkout) return;
  complain('');
  if (!check()) return;
  work('Keeping your seat…');
  try {
    if (!(await store())) return work('');
    work('Asking your bank…');
    const result = await checkout.actions.confirm({ email: typed().email });
    // When all went well Stripe has led on, and this line is never reached.
    work('');
    if (result.type === 'error') complain(result.error.message);
  } catch (error) {
    work('');
    complain(error.message);
  }
});

takeUp();
await Promise.all([showEvenings(), open()]);
