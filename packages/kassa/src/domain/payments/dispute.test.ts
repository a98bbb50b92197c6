// Goal: whatever order the facts of a dispute arrive in, the same one stays.
// Method: fast-check draws facts as Stripe could tell them, and joins them in every order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DISPUTE_STATUSES, type DisputeFacts, isContested, isDisputeOver, joinDispute } from './dispute.ts';

/** What Stripe tells is one history: with the same movements and status, the same money is away. */
const facts: fc.Arbitrary<DisputeFacts> = fc
  .record({ movements: fc.nat(3), status: fc.constantFrom(...DISPUTE_STATUSES) })
  .map(({ movements, status }) => {
    const withdrawn_minor = movements % 2 === 1 ? 500 : 0;
    return { movements, status, withdrawn_minor, fee_minor: movements > 0 ? 1_500 : 0 };
  });

test('joining facts of a dispute is commutative, associative and idempotent', () => {
  fc.assert(
    fc.property(facts, facts, facts, (one, two, three) => {
      expect(joinDispute(one, two)).toEqual(joinDispute(two, one));
      expect(joinDispute(one, joinDispute(two, three))).toEqual(joinDispute(joinDispute(one, two), three));
      expect(joinDispute(one, one)).toEqual(one);
    }),
  );
});

test('a dispute that is over stays over, however late its beginning is told', () => {
  const at = (movements: number, status: DisputeFacts['status']): DisputeFacts => {
    return { movements, status, withdrawn_minor: 0, fee_minor: 0 };
  };
  expect(joinDispute(at(2, 'won'), at(1, 'needs_response')).status).toBe('won');
  expect(joinDispute(at(1, 'lost'), at(1, 'under_review')).status).toBe('lost');
  expect(joinDispute(at(1, 'lost'), at(2, 'won')).status).toBe('won');
  expect(joinDispute(at(2, 'won'), at(3, 'lost')).status).toBe('lost');
  expect(joinDispute(at(0, 'warning_closed'), at(1, 'needs_response')).status).toBe('needs_response');
});

test('every status is a question, contested, or over', () => {
  const questions = DISPUTE_STATUSES.filter((one) => !isContested(one) && !isDisputeOver(one));
  expect(questions).toEqual(['warning_needs_response', 'warning_under_review']);
  expect(DISPUTE_STATUSES.filter((one) => isContested(one) && isDisputeOver(one))).toEqual([]);
});
