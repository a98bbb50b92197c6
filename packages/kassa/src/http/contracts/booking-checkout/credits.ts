import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { signedIn } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { isoSeconds } from '../iso-seconds.ts';
import { asGiven } from './draw.ts';
import { failure } from './failure.ts';

const cents = z.int().openapi({ description: 'Minor unit of the currency.' });
const Expiry = z.iso.datetime().nullable();

const BalanceBody = z
  .object({
    balance_cents: cents,
    held_cents: cents,
    available_cents: cents,
    currency: z.string().openapi({ example: 'usd' }),
    lots: z.array(z.object({ remaining_cents: cents, expires_at: Expiry, source: z.string() })),
    session_credits: z.array(
      z.object({
        service_id: z.union([z.int(), z.string()]).openapi({ type: 'integer', example: 123 }),
        remaining: z.int(),
        expires_at: Expiry,
      }),
    ),
  })
  .openapi('BookingCredits');

const route = createRoute({
  method: 'get',
  path: '/stripe/fastapi/api/v1/stripe/credits/balance',
  summary: 'The buyer’s credits',
  description: 'What is held belongs to checkouts that are still open; it is free again when they end unpaid.',
  tags: ['booking-checkout'],
  responses: {
    200: { content: { 'application/json': { schema: BalanceBody } }, description: 'Zero for a buyer without credits.' },
    401: failure('Not signed in.'),
    429: failure('Asked too often.'),
  },
});

/** B4, B13. */
export function readCredits({ house, limiter }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const { user_id } = signedIn(c);
    limiter.take('read_booking_per_buyer', user_id);
    const balance = await house.creditBalance({ user_id });
    return c.json(
      {
        balance_cents: balance.balance_minor,
        held_cents: balance.held_minor,
        available_cents: balance.available_minor,
        currency: balance.currency,
        lots: balance.lots.map(({ remaining_minor, expires_at, source }) => ({
          remaining_cents: remaining_minor,
          expires_at: expires_at && isoSeconds(expires_at),
          source,
        })),
        session_credits: balance.session_credits.map(({ offer_external_id, remaining, expires_at }) => ({
          service_id: asGiven(offer_external_id),
          remaining,
          expires_at: expires_at && isoSeconds(expires_at),
        })),
      },
      200,
    );
  });
  return app;
}
