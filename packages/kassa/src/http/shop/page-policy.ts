import type { StripeJs } from '../house.ts';

/** Where Stripe.js loads from and speaks to (docs.stripe.com/security/guide, Content Security Policy). */
const STRIPE = {
  script: ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://checkout.stripe.com'],
  frame: [
    'https://js.stripe.com',
    'https://*.js.stripe.com',
    'https://hooks.stripe.com',
    'https://checkout.stripe.com',
  ],
  connect: ['https://api.stripe.com', 'https://checkout.stripe.com'],
  image: ['https://*.stripe.com'],
};

/**
 * What the shop's pages may load: their own files, and what Stripe.js needs to show a payment form in them. Nobody may
 * put them into a frame.
 */
export function pagePolicy(stripe_js: StripeJs | null): string {
  const { script, frame, connect, image } = sourcesOf(stripe_js);
  return [
    "default-src 'self'",
    `script-src 'self' ${script.join(' ')}`,
    `frame-src 'self' ${frame.join(' ')}`,
    `connect-src 'self' ${connect.join(' ')}`,
    `img-src 'self' data: ${image.join(' ')}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ]
    .map((line) => line.trim())
    .join('; ');
}

function sourcesOf(stripe_js: StripeJs | null): typeof STRIPE {
  if (stripe_js === null) return { script: [], frame: [], connect: [], image: [] };
  const { origin } = new URL(stripe_js.script);
  if (STRIPE.script.includes(origin)) return STRIPE;
  // The sandbox serves script, form and calls from one origin.
  return { script: [origin], frame: [origin], connect: [origin], image: [] };
}
