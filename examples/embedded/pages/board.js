// The page of the embedded-checkout contract (docs/contracts/embedded-checkout.md): a button opens Stripe's form where it
// stands, and what became of the payment is said in the same page, which is never left. Product and price are the shop's.
import { openStripe } from '/stripe.js';
import { follow } from '/verdict.js';

const OPEN = '/api/checkout/embedded-session';
const at = (id) => document.getElementById(id);
const idIn = (secret) => secret.slice(0, secret.indexOf('_secret_'));
let form;

/** One of the three parts of the page is there at a time; the one that comes gets the focus. */
function show(part, focus) {
  for (const id of ['offer', 'payment', 'verdict']) at(id).hidden = id !== part;
  at(focus).focus();
}

function work(sentence) {
  at('buy').setAttribute('aria-disabled', String(sentence !== ''));
  at('progress').textContent = sentence;
}

/** The client secret of a new session. Throws with the shop's own sentence. */
async function openSession() {
  let answer;
  try {
    answer = await fetch(OPEN, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
  } catch {
    throw new Error('The shop cannot be reached. Nothing was charged. Please try again.');
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? 'Something went wrong. Please try again.');
  return told.client_secret;
}

/** The form says that it was paid. The shop says so too before anybody is thanked. */
async function finished(session_id) {
  const told = follow(session_id, true);
  show('verdict', 'verdict-title');
  close();
  await told;
}

function close() {
  form?.destroy();
  form = undefined;
}

async function buy() {
  if (at('buy').getAttribute('aria-disabled') === 'true') return;
  at('trouble').textContent = '';
  work('Opening the payment form…');
  try {
    const [stripe, client_secret] = await Promise.all([openStripe(), openSession()]);
    const onComplete = () => finished(idIn(client_secret));
    form = await stripe.createEmbeddedCheckoutPage({ clientSecret: client_secret, onComplete });
    show('payment', 'payment-title');
    form.mount('#checkout');
  } catch (error) {
    at('trouble').textContent = error.message;
    at('trouble').focus();
  }
  work('');
}

at('buy').addEventListener('click', buy);
at('back').addEventListener('click', () => {
  close();
  show('offer', 'buy');
});

async function showPrice() {
  const { offers } = await (await fetch('/pay/catalog')).json();
  const [board] = offers;
  const [{ unit, currency }] = board.prices;
  const price = new Intl.NumberFormat('en-US', { style: 'currency', currency }).format(unit);
  at('description').textContent = board.description;
  at('buy').textContent = `Buy for ${price}`;
}

// Without a price the button still sells at the shop's; it only says less.
showPrice().catch(() => undefined);
