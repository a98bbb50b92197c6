import { type Context, Hono } from 'hono';
import { WebhookRefused } from '../domain/payments/index.ts';
import { KassaError } from '../kernel/errors.ts';
import type { HttpHouse } from './house.ts';
import type { HttpEnv } from './request/context.ts';
import { readBytes, WEBHOOK_BYTES_MAX } from './request/read-body.ts';

/** Two names of one inbox: the one of chat-payments and the one of embedded-checkout. */
const PATHS = ['/payments/webhook', '/webhook'];

/**
 * Takes what Stripe sends: the raw bytes, untouched by any parser, go to the inbox, and 200 is said only after they
 * are committed there. Whatever else goes wrong is answered so that Stripe comes again (docs/contracts, Webhooks).
 */
export function webhook(house: HttpHouse): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  for (const path of PATHS) {
    app.post(path, async (c) => {
      try {
        const raw = await readBytes(c.req.raw, WEBHOOK_BYTES_MAX);
        await house.receive(raw, c.req.header('Stripe-Signature') ?? null);
        return c.json({ received: true });
      } catch (error) {
        return refuse(c, house, error);
      }
    });
  }
  return app;
}

function refuse(c: Context<HttpEnv>, house: HttpHouse, error: unknown): Response {
  const fields = { request_id: c.var.request_id, err: error };
  if (error instanceof WebhookRefused) {
    house.log.warn(fields, 'a webhook was refused');
    return c.text(`Webhook Error: ${error.message}`, error.status);
  }
  if (error instanceof KassaError && error.code === 'body_too_large') {
    house.log.warn(fields, 'a webhook was refused');
    return c.text('Webhook Error: body too large', 413);
  }
  // Anything unforeseen: the event is not stored, so Stripe must be told to send it again.
  house.log.error(fields, 'a webhook could not be stored');
  return c.text('Webhook Error: not stored, send it again', 503);
}
