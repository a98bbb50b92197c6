// The page a buyer returns to. It never says that a payment failed while nobody knows: it says what is known, what is
// awaited, and asks again, ever more slowly.
import { shown } from '/money.js';

const PAUSES_MS = [700, 1000, 1500, 2000, 2500, 3000, 4000, 5000];
const SLOW_MS = 10_000;
const session_id = new URLSearchParams(location.search).get('session_id') ?? '';
const verdict = document.querySelector('#verdict');
let said = '';

function say(state, sign, title, sentence) {
  const whole = `${state}${title}${sentence}`;
  if (whole === said) return;
  said = whole;
  verdict.className = `verdict ${state}`;
  verdict.querySelector('.sign').textContent = sign;
  document.querySelector('#title').textContent = title;
  document.querySelector('#sentence').textContent = sentence;
  document.title = `${title} · Blue Hall`;
}

const clockTime = (text) => new Date(text).toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' });

/** What each answer means for the buyer. Answers whether it is the last word. */
function tell(order) {
  const number = order.number === null ? '' : ` #${order.number}`;
  if (order.status === 'refunded')
    say('pending', '↩', 'Refunded', `Your order${number} was given back in full. The money returns the way it came.`);
  else if (order.status === 'partially_refunded')
    say('success', '✓', 'Payment successful', `Your order${number} stands; a part of it was refunded.`);
  else if (order.payment_status === 'paid')
    say(
      'success',
      '✓',
      'Payment successful',
      `Thank you for your purchase. Your order${number} is yours, and a receipt is on its way to your mail.`,
    );
  else if (order.status === 'processing')
    say(
      'pending',
      '◔',
      'Your bank is at work',
      'Your payment was sent and we wait for the bank. This can take days; you will get a mail. There is nothing more to do.',
    );
  else if (order.status === 'expired' || order.status === 'canceled')
    say(
      'error',
      '–',
      'This checkout has ended',
      'It was not paid in time. Nothing was charged, and the seats are free again.',
    );
  else
    say(
      'pending',
      '…',
      'Not paid yet',
      `Nothing was charged so far. Your seats are held until ${clockTime(order.hold_expires_at)}.`,
    );
  return ['refunded', 'expired', 'canceled'].includes(order.status) || order.payment_status === 'paid';
}

function bill(order) {
  const row = (line) => {
    const tr = document.createElement('tr');
    const what = document.createElement('th');
    what.scope = 'row';
    what.textContent = `${line.quantity} × ${line.name}`;
    const price = document.createElement('td');
    price.textContent = shown(line.total, order.currency);
    tr.append(what, price);
    return tr;
  };
  document.querySelector('#bill-title').textContent = order.number === null ? 'Your order' : `Order #${order.number}`;
  document.querySelector('#lines').replaceChildren(...order.lines.map(row));
  document.querySelector('#total').textContent = order.total_minor === 0 ? 'Free' : shown(order.total, order.currency);
  document.querySelector('#bill').hidden = false;
}

/** One question. Answers true when there is nothing more to ask. */
async function ask() {
  let answer;
  try {
    answer = await fetch(`/pay/orders/${encodeURIComponent(session_id)}`);
  } catch {
    say(
      'pending',
      '…',
      'No connection',
      'We cannot ask about your payment just now. It is not lost: this page asks again by itself, and a receipt comes by mail.',
    );
    return false;
  }
  if (answer.status === 404) {
    say(
      'error',
      '?',
      'We know no such order',
      'The address may be cut off. If you paid, nothing is lost: your receipt comes by mail.',
    );
    return true;
  }
  if (!answer.ok) {
    say(
      'pending',
      '…',
      'Still asking',
      'The shop is busy. Your payment is not lost: this page asks again by itself, and a receipt comes by mail.',
    );
    return false;
  }
  const order = await answer.json();
  bill(order);
  return tell(order);
}

async function follow() {
  for (let round = 0; !(await ask()); round += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[round] ?? SLOW_MS));
  }
}

if (session_id === '')
  say(
    'error',
    '?',
    'Which order?',
    'This page shows an order after its payment. If you paid, your receipt is in your mail.',
  );
else await follow();
