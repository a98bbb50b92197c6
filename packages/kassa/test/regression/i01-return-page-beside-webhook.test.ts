// I1: the return page and the webhook both complete an order, which is captured twice or lost, and later good orders are refunded.
// https://github.com/medusajs/medusa/issues/13301
// https://github.com/medusajs/medusa/issues/15527
import { test } from 'vitest';
import { SETTLING } from '../engines/interleavings/settling.ts';
import { inTurns } from './incident.ts';

test('a buyer who comes back while the webhook arrives has one order, paid once', () =>
  inTurns(SETTLING, /^a webhook and the return page/));
