// I6: two threads complete one order, and the captured amount is counted twice.
// https://github.com/saleor/saleor/issues/12652
// https://github.com/saleor/saleor/issues/14648
import { test } from 'vitest';
import { SETTLING } from '../engines/interleavings/settling.ts';
import { inTurns } from './incident.ts';

test('a payment that is confirmed while its webhook is handled is in the books once', () =>
  inTurns(SETTLING, /^a webhook and a confirmation/));
