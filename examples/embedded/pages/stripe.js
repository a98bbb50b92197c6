// Stripe.js and the shop's publishable key, whichever they are: the sandbox's stand-in, or Stripe's own.

/** An instance of Stripe.js. Throws when the script or the key cannot be had. */
export async function openStripe() {
  const answer = await fetch('/pay/stripe-js');
  if (!answer.ok) throw new Error('The shop has no publishable key.');
  const { script, publishable_key } = await answer.json();
  if (!window.Stripe) {
    // Stripe.js is always loaded from where it is served, never bundled or copied.
    await new Promise((resolve, reject) => {
      const tag = document.createElement('script');
      tag.src = script;
      tag.addEventListener('load', resolve);
      tag.addEventListener('error', () => reject(new Error('The payment form could not be loaded.')));
      document.head.append(tag);
    });
  }
  return window.Stripe(publishable_key);
}
