import type { OpenAPIHono } from '@hono/zod-openapi';
import type { BookingCheckoutSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, openContract } from '../contract.ts';
import { calculatePrice } from './calculate-price.ts';
import { confirmBooking } from './confirm.ts';
import { createBooking } from './create.ts';
import { readCredits } from './credits.ts';
import { bookingDocs } from './docs.ts';
import { drawBookingFailure } from './failure.ts';
import { listMethods } from './payment-methods.ts';
import { readBookingStatus } from './status.ts';

/** The contract `booking-checkout`: a signed-in buyer books, and the page pays a PaymentIntent with Stripe.js. */
export function bookingCheckout(desk: ContractDesk, contract: BookingCheckoutSettings): OpenAPIHono<HttpEnv> {
  const app = openContract(desk, {
    paths: ['/stripe/fastapi/api/v1/stripe/*'],
    callers: 'buyer',
    cors: {
      headers: ['Content-Type', 'Authorization', 'Idempotency-Key', 'X-CSRFToken'],
      credentials: true,
      tells_why: true,
    },
    drawFailure: drawBookingFailure,
  });
  app.route('/', createBooking(desk));
  app.route('/', calculatePrice(desk));
  app.route('/', confirmBooking(desk, contract.return_url ?? desk.house.settings.origins[0] ?? null));
  app.route('/', readBookingStatus(desk));
  app.route('/', listMethods(desk));
  app.route('/', readCredits(desk));
  if (contract.docs !== 'off') app.route('/', bookingDocs(desk, { described: app, shown_to: contract.docs }));
  return app;
}
