// How the page asks the shop: the contract booking-checkout (docs/contracts/booking-checkout.md), as one signed-in buyer.

const BASE = '/stripe/fastapi/api/v1/stripe';
const KEPT = 'tidewater buyer';

/**
 * Takes the buyer's token from behind the # of the address, where no server ever sees it, and forgets it with the tab.
 * Answers who is signed in, or null.
 */
export function signIn() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  const token = sessionStorage.getItem(KEPT);
  if (!token) return null;
  try {
    const [, claims = ''] = token.split('.');
    const { email, sub } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    return email ?? sub ?? 'a guest';
  } catch {
    return 'a guest';
  }
}

/** A call of the shop, with a body to send or none. Throws what the page may show; `code` and `details` are the shop's. */
export async function ask(path, body, key) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(KEPT)}` };
  if (body) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  const answer = await fetch(BASE + path, init).catch(() => undefined);
  if (!answer) throw new Error('Tidewater cannot be reached. Nothing was charged. Please try again.');
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const sentence = answer.status === 401 ? 'Your sign-in has ended. Please sign in again.' : told.error;
  throw Object.assign(new Error(sentence ?? 'Something went wrong. Please try again.'), {
    code: told.code,
    details: told.details ?? {},
  });
}

/** What is on sale. */
export async function catalog() {
  const answer = await fetch('/pay/catalog');
  return (await answer.json()).offers;
}

/** `$108.75`, of whole cents. */
export function money(cents, currency = 'usd') {
  const text = String(cents).padStart(3, '0');
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).format(
    `${text.slice(0, -2)}.${text.slice(-2)}`,
  );
}
