// I19: refunds at once exceed the payment.
// https://github.com/juspay/hyperswitch/issues/13182
// https://github.com/juspay/hyperswitch/issues/3751
// https://github.com/juspay/hyperswitch/issues/9622
import { test } from 'vitest';
import { REFUNDING } from '../engines/interleavings/refunding.ts';
import { inTurns } from './incident.ts';

test('of two refunds of sixty of a hundred, asked for at once, one is made and the other refused', () =>
  inTurns(REFUNDING, /^two refunds of sixty/));
