// Stripe.js and the shop's publishable key, whichever they are: the sandbox's stand-in, or Stripe's own.

/** An instance of Stripe.js. Throws when the script or the key cannot be had. */
export async function openStripe() {
  const answer = await fetch('/pay/stripe-js');
  if (!answer.ok) throw new Error('The shop has no publishable key.');
  const { script, publishable_key } = await answer.json();
  // Stripe.js is always loaded from where it is served, never bundled or copied.
  await new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.src = script;
    tag.addEventListener('load', resolve);
    tag.addEventListener('error', () => reject(new Error('The payment form could not be loaded.')));
    document.head.append(tag);
  });
  return window.Stripe(publishable_key);
}

/** The look of the page, for the fields that stand in frames of Stripe's. */
export function appearance() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const style = getComputedStyle(document.querySelector('.payment'));
  const probe = document.createElement('i');
  document.body.append(probe);
  // A browser answers a computed colour; the custom property itself may be a choice between two.
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const variables = {
    colorPrimary: colour('--accent'),
    colorBackground: colour('--card'),
    colorText: colour('--ink'),
    colorDanger: colour('--bad'),
    fontFamily: style.fontFamily,
    borderRadius: '8px',
  };
  probe.remove();
  return { theme: dark ? 'night' : 'stripe', variables };
}
