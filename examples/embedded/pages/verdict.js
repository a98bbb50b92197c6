// What became of a payment, in the words of the page. `complete` says that the buyer has finished; whether the money has
// arrived, the order says. Nothing is called failed while nobody knows.

const PAUSES_MS = [1000, 1500, 2500, 4000, 6000];
const SLOW_MS = 15_000;
const at = (id) => document.getElementById(id);

function say(kind, title, sentence) {
  at('verdict').className = `verdict ${kind}`;
  at('verdict-title').textContent = title;
  at('verdict-sentence').textContent = sentence;
}

/** Whether the buyer has finished: `open`, `complete` or `expired`; undefined for a session that nobody knows. */
async function statusOf(session_id) {
  const answer = await fetch(`/api/checkout/session-status?session_id=${encodeURIComponent(session_id)}`);
  if (answer.status === 400 || answer.status === 404) return undefined;
  if (!answer.ok) throw new Error('busy');
  return (await answer.json()).status;
}

/** Says how the order of a finished session stands. Answers whether that is the last word. */
async function tellOrder(session_id) {
  const answer = await fetch(`/pay/orders/${encodeURIComponent(session_id)}`);
  if (!answer.ok) throw new Error('busy');
  const order = await answer.json();
  if (order.status === 'refunded') say('wait', 'Refunded', 'Your money is on its way back to you.');
  else if (order.payment_status === 'paid')
    say(
      'good',
      'Thank you!',
      'Your payment has arrived. The receipt is on its way to your mail, and your board follows.',
    );
  else if (order.status === 'processing')
    say('wait', 'Your bank is at work', 'We wait for your bank, which can take days. There is nothing more to do.');
  else say('bad', 'The bank said no', 'Nothing was charged. You can go back and try again.');
  return order.status !== 'processing';
}

/** Says where a session stands. Answers whether that is the last word; `finished`: the form says that it was paid. */
async function tell(session_id, finished) {
  const status = await statusOf(session_id);
  if (status === 'complete') return tellOrder(session_id);
  // The form is always a moment ahead of the shop.
  if (status === 'open' && finished) say('wait', 'One moment', 'The shop is being told of your payment…');
  else if (status === 'open') say('wait', 'Not paid yet', 'Nothing was charged so far. You can go back and try again.');
  else if (status === 'expired') say('bad', 'This checkout has ended', 'It was not paid in time. Nothing was charged.');
  else say('bad', 'We know no such order', 'The address may be cut off. If you paid, a receipt comes by mail.');
  return status !== 'open';
}

/** Says what is known, and asks again, ever more slowly, while something may still change. */
export async function follow(session_id, finished = false) {
  for (let round = 0; ; round += 1) {
    try {
      if (await tell(session_id, finished)) return;
    } catch {
      say(
        'wait',
        'Still asking',
        'Your payment is not lost: this page asks again by itself, and a receipt comes by mail.',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[round] ?? SLOW_MS));
  }
}
