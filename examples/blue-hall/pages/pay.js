// The page of the hosted-checkout contract, exactly as such pages behave (docs/contracts/hosted-checkout.md): the same
// ids, the same
// words, five polls two seconds apart. It works with an amount and with a price.

const CREATE = '/api/payments/v1/checkout/session';
const STATUS = '/api/payments/v1/checkout/status/';
const POLLS = 5;
const PAUSE_MS = 2000;
const page = location.origin + location.pathname;
const at = (id) => document.getElementById(id);

function showError(text, field) {
  at('error').textContent = text;
  for (const input of document.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  if (!field) return;
  at(field).setAttribute('aria-invalid', 'true');
  at(field).focus();
}

function showStatus(text, kind) {
  at('status').textContent = text;
  at('status').className = `status ${kind}`;
}

const typeChosen = () => document.querySelector('input[name="paymentType"]:checked').value;

for (const radio of document.querySelectorAll('input[name="paymentType"]')) {
  radio.addEventListener('change', () => {
    at('amountSection').classList.toggle('active', typeChosen() === 'amount');
    at('priceSection').classList.toggle('active', typeChosen() === 'price');
    showError('');
  });
}

/** The request, or undefined when a field does not fit and the page has said so. */
function requestOf(payment_type) {
  const urls = { success_url: `${page}?session_id={CHECKOUT_SESSION_ID}`, cancel_url: page };
  const metadata = { source: 'web_checkout', payment_type };
  if (payment_type === 'amount') {
    const amount = Number(at('amount').value);
    if (Number.isFinite(amount) && amount > 0) return { amount, currency: at('currency').value, ...urls, metadata };
    showError('Please enter a valid amount greater than 0', 'amount');
    return undefined;
  }
  const stripe_price_id = at('priceId').value.trim();
  if (stripe_price_id)
    return { stripe_price_id, quantity: Number.parseInt(at('quantity').value, 10), ...urls, metadata };
  showError('Please enter a valid Stripe Price ID', 'priceId');
  return undefined;
}

at('paymentForm').addEventListener('submit', async (event) => {
  event.preventDefault();
  showError('');
  const request = requestOf(typeChosen());
  if (!request) return;
  at('payButton').setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(CREATE, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(request),
    });
    if (!answer.ok) throw new Error('Failed to create checkout session');
    const { url } = await answer.json();
    if (!url) throw new Error('No checkout URL received');
    location.href = url;
  } catch (error) {
    showError(error.message);
    at('payButton').removeAttribute('aria-busy');
  }
});

async function pollPaymentStatus(session_id) {
  showStatus('Checking payment status...', 'pending');
  for (let poll = 1; poll <= POLLS; poll += 1) {
    try {
      const answer = await fetch(STATUS + encodeURIComponent(session_id));
      if (!answer.ok) throw new Error('the status call was refused');
      const { status, payment_status } = await answer.json();
      if (payment_status === 'paid') return showStatus('Payment successful! Thank you for your purchase.', 'success');
      if (status === 'expired') return showStatus('Payment session expired. Please try again.', 'error');
      showStatus('Payment is being processed...', 'pending');
    } catch {
      return showStatus('Error checking payment status. Please try again.', 'error');
    }
    if (poll < POLLS) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return showStatus('Payment status check timed out. Please check your email for confirmation.', 'error');
}

const returned = new URLSearchParams(location.search).get('session_id');
if (returned) await pollPaymentStatus(returned);
