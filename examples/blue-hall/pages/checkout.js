// One checkout: asks Kassa for a payment page and goes there. A double click, a reload or a lost answer asks again
// under the same key, so there is never a second order.

const CREATE = '/api/payments/v1/checkout/session';

/** Resolves never when the browser leaves for the payment page; throws { code, sentence } otherwise. */
export async function goAndPay(wanted, back = location.origin + location.pathname) {
  const body = JSON.stringify({
    ...wanted,
    success_url: `${location.origin}/order?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: back,
  });
  const kept = JSON.parse(sessionStorage.getItem('checkout') ?? 'null');
  const key = kept?.body === body ? kept.key : crypto.randomUUID();
  sessionStorage.setItem('checkout', JSON.stringify({ body, key }));
  let answer;
  try {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
    answer = await fetch(CREATE, { method: 'POST', headers, body });
  } catch {
    throw { code: 'NETWORK', sentence: 'The shop cannot be reached. Nothing was bought. Please try again.' };
  }
  const told = await answer.json().catch(() => ({}));
  // An answer that stays is forgotten here; one that may change is asked for again under the same key.
  if (answer.status < 500 && answer.status !== 429) sessionStorage.removeItem('checkout');
  if (!answer.ok)
    throw { code: told.code ?? 'UNKNOWN', sentence: told.error ?? 'Something went wrong. Please try again.' };
  location.href = told.url;
  return new Promise(() => {});
}
