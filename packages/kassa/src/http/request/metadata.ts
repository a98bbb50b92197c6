import { z } from '@hono/zod-openapi';

const KEYS_MAX = 20;
const KEY = /^[A-Za-z0-9_.-]{1,40}$/;
const VALUE_LENGTH_MAX = 500;

/** Kassa's own marks. A caller's are dropped, so that nobody can point a payment at another order or shop. */
const OWN_KEYS = ['kassa_order_id', 'kassa_shop_id'];

/**
 * Free labels from a caller: stored with the attempt, never used to find anything and never trusted when they come
 * back from Stripe (docs/contracts, Limits).
 */
export const Metadata = z
  .record(
    z.string().regex(KEY, '1 to 40 letters, digits or _ . -'),
    z.string('must be a text').max(VALUE_LENGTH_MAX, `at most ${VALUE_LENGTH_MAX} characters`),
    'must be a map of text to text',
  )
  .refine((map) => Object.keys(map).length <= KEYS_MAX, `at most ${KEYS_MAX} keys`)
  .transform((map) => Object.fromEntries(Object.entries(map).filter(([key]) => !OWN_KEYS.includes(key))));
