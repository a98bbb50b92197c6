import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { KassaError } from '../../kernel/errors.ts';
import type { HttpHouse } from '../house.ts';
import type { Limiter } from '../limits.ts';
import type { HttpEnv } from '../request/context.ts';

const StripeJsBody = z
  .object({
    script: z.url().openapi({ example: 'https://js.stripe.com/endive/stripe.js' }),
    publishable_key: z.string().openapi({ example: 'pk_test_a1b2c3' }),
  })
  .openapi('StripeJs');

/** Kassa's own paths begin where the shop's configuration says. */
const routeAt = (base_path: string) =>
  createRoute({
    path: `${base_path}/stripe-js`,
    method: 'get',
    summary: 'Which Stripe.js a page loads, and with which publishable key',
    description: 'In the sandbox it is the stand-in. The key is public: it can open nothing and read nothing.',
    tags: ['shop'],
    responses: {
      200: {
        content: { 'application/json': { schema: StripeJsBody } },
        description: 'For a script tag and `Stripe()`.',
      },
    },
  });

/** A page that shows a form of Stripe's works with the sandbox and with Stripe itself without being changed. */
export function readStripeJs(house: HttpHouse, limiter: Limiter): OpenAPIHono<HttpEnv> {
  const { stripe_js, base_path } = house.settings;
  const app = new OpenAPIHono<HttpEnv>();
  app.openapi(routeAt(base_path), (c) => {
    limiter.take('read_catalog_per_ip', c.get('caller_address'));
    if (stripe_js !== null) return c.json({ ...stripe_js }, 200);
    throw new KassaError('not_found', 'This shop shows no form of Stripe’s: set STRIPE_PUBLISHABLE_KEY.');
  });
  return app;
}
