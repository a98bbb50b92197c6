// The confirmation page: asks for the order on each visit, and says what is known. It never says that a payment failed
// while nobody knows.

const PAUSES_MS = [1000, 1500, 2500, 4000, 6000];
const SLOW_MS = 15_000;
const at = (id) => document.getElementById(id);
const [, , screening_id = '', , session_id = ''] = location.pathname.split('/');
let said = '';

function say(kind, title, sentence) {
  if (said === title + sentence) return;
  said = title + sentence;
  at('verdict').className = `verdict ${kind}`;
  at('title').textContent = title;
  at('sentence').textContent = sentence;
  document.title = `${title} · The Lantern`;
}

const BUSY = [
  'wait',
  'Still asking',
  'Your payment is not lost: this page asks again by itself, and a ticket comes by mail.',
];

/** The contract's question. Answers the order's id; null while it is not complete, undefined when there is none. */
async function confirmed() {
  const query = new URLSearchParams({ stripe_checkout_session_id: session_id, screening_id });
  const answer = await fetch(`/api/screening/confirmation?${query}`);
  if (answer.ok) return answer.json();
  if (answer.status === 404 || answer.status === 422) {
    say('bad', 'We know no such ticket', 'The address may be cut off. If you paid, your ticket comes by mail.');
    return undefined;
  }
  if (answer.status !== 400) throw new Error('busy');
  say('wait', 'Not paid yet', 'Nothing was charged so far. You can go back and try again.');
  return null;
}

function ticket(order, offer, id) {
  at('stub-title').textContent = order.lines[0]?.name ?? 'Your ticket';
  at('number').textContent = id;
  at('paid').textContent = order.payment_status === 'paid' ? 'Paid' : '';
  if (offer?.starts_at) {
    const day = { dateStyle: 'full', timeStyle: 'short', timeZone: offer.time_zone ?? undefined };
    at('when').textContent = new Date(offer.starts_at).toLocaleString('en-US', day);
  }
  at('stub').hidden = false;
}

/** What the order's state means for its buyer. Answers whether that is the last word. */
function tell(order) {
  if (order.status === 'refunded') {
    say('wait', 'Refunded', 'Your ticket was given back in full. The money returns the way it came.');
  } else if (order.payment_status === 'paid') {
    say('good', 'See you at The Lantern', 'Your payment has arrived, and your ticket is on its way to your mail.');
  } else if (order.status === 'processing') {
    const days = 'We wait for your bank, which can take days. Your seat is kept, and your ticket comes by mail.';
    say('wait', 'Your bank is at work', days);
  } else
    say('bad', 'The bank said no', 'Nothing was charged, and the seat is free again. You can go back and try again.');
  return order.status !== 'processing';
}

async function ask() {
  try {
    const id = await confirmed();
    if (id === undefined) return true;
    if (id === null) return false;
    const [order, catalog] = await Promise.all(
      [`/pay/orders/${encodeURIComponent(session_id)}`, '/pay/catalog'].map(async (path) => (await fetch(path)).json()),
    );
    ticket(
      order,
      catalog.offers.find((offer) => offer.offer === screening_id),
      id,
    );
    return tell(order);
  } catch {
    say(...BUSY);
    return false;
  }
}

for (let round = 0; !(await ask()); round += 1) {
  await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[round] ?? SLOW_MS));
}
