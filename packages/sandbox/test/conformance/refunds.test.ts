// Goal: money goes back as at Stripe, in every state, never more than came in; disputes move it both ways.
import '../report/kept-fresh.ts';
import { expect, test } from 'vitest';
import { charged, idOf, openShop, refusal } from '../shop.ts';

test('a payment is given back in parts until nothing is left', async () => {
  const { sandbox, stripe, types } = openShop();
  const paid = await charged(stripe);
  const part = await stripe.refunds.create({ payment_intent: paid.id, amount: 1000, metadata: { why: 'late' } });
  expect(part).toMatchObject({ status: 'succeeded', amount: 1000, metadata: { why: 'late' } });
  expect((await refusal(stripe.refunds.create({ payment_intent: paid.id, amount: 1501 }))).param).toBe('amount');
  const rest = await stripe.refunds.create({ charge: idOf(paid.latest_charge), reason: 'requested_by_customer' });
  expect(rest.amount).toBe(1500);
  const over = await refusal(stripe.refunds.create({ payment_intent: paid.id }));
  expect(over).toMatchObject({ status: 400, code: 'charge_already_refunded' });
  const charge = await stripe.charges.retrieve(idOf(paid.latest_charge), { expand: ['refunds'] });
  expect(charge).toMatchObject({ refunded: true, amount_refunded: 2500 });
  expect(charge.refunds?.data.map((refund) => refund.id)).toEqual([rest.id, part.id]);
  await sandbox.drain();
  expect(types().slice(3)).toEqual(['refund.created', 'charge.refunded', 'refund.created', 'charge.refunded']);
  expect(sandbox.books().currencies.usd).toMatchObject({
    captured: 2500,
    refunded_succeeded: 2500,
    refunded_pending: 0,
  });
});

test('of two refunds at once that together are too much one is refused', async () => {
  const { sandbox, stripe } = openShop();
  const paid = await charged(stripe);
  const both = await Promise.allSettled(
    [1, 2].map(() => stripe.refunds.create({ payment_intent: paid.id, amount: 1500 })),
  );
  expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(sandbox.books().currencies.usd?.refunded_succeeded).toBe(1500);
});

test('a slow refund is pending first', async () => {
  const { sandbox, stripe, types } = openShop();
  const paid = await charged(stripe, 'pm_card_pendingRefund');
  const refund = await stripe.refunds.create({ payment_intent: paid.id });
  expect(refund).toMatchObject({ status: 'pending', pending_reason: 'processing', balance_transaction: null });
  expect(sandbox.books().currencies.usd).toMatchObject({ refunded_pending: 2500, refunded_succeeded: 0 });
  await sandbox.control.advance(86_400_000);
  expect((await stripe.refunds.retrieve(refund.id)).status).toBe('succeeded');
  expect(types()).toContain('refund.updated');
});

test('a refund that fails in the end returns the money and frees the amount', async () => {
  const { sandbox, stripe, types } = openShop();
  const paid = await charged(stripe, 'pm_card_refundFail');
  const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 2000 });
  expect(refund.status).toBe('succeeded');
  await sandbox.control.advance(86_400_000);
  const failed = await stripe.refunds.retrieve(refund.id);
  expect(failed).toMatchObject({ status: 'failed', failure_reason: 'expired_or_canceled_card' });
  expect(failed.failure_balance_transaction).toMatch(/^txn_/);
  expect(types().slice(-2)).toEqual(['refund.updated', 'refund.failed']);
  expect((await stripe.charges.retrieve(idOf(paid.latest_charge))).amount_refunded).toBe(0);
  expect(sandbox.books().currencies.usd).toMatchObject({
    captured: 2500,
    refunded_succeeded: 0,
    refund_failed_returned: 2000,
  });
  expect((await stripe.refunds.create({ payment_intent: paid.id })).amount).toBe(2500);
});

test('only a refund that waits for its buyer can be canceled', async () => {
  const { sandbox, stripe } = openShop();
  const paid = await charged(stripe, 'pm_card_pendingRefund');
  const refund = await stripe.refunds.create({ payment_intent: paid.id });
  expect((await refusal(stripe.refunds.cancel(refund.id))).status).toBe(400);
  await sandbox.control.settleRefund(refund.id, 'requires_action');
  expect((await stripe.refunds.cancel(refund.id)).status).toBe('canceled');
  expect(sandbox.books().currencies.usd).toMatchObject({ refunded_pending: 0, refunded_succeeded: 0 });
});

test('money that was never taken cannot be given back', async () => {
  const { stripe } = openShop();
  const held = await charged(stripe, 'pm_card_visa', { capture_method: 'manual' });
  expect((await refusal(stripe.refunds.create({ payment_intent: held.id }))).status).toBe(400);
  const bare = await stripe.paymentIntents.create({ amount: 500, currency: 'usd' });
  expect((await refusal(stripe.refunds.create({ payment_intent: bare.id }))).param).toBe('payment_intent');
  expect((await refusal(stripe.refunds.create({ charge: 'ch_nothing' }))).code).toBe('resource_missing');
});

test('refunds are found by charge and payment, and only their metadata changes', async () => {
  const { stripe } = openShop();
  const [one, two] = [await charged(stripe), await charged(stripe)];
  const refund = await stripe.refunds.create({ payment_intent: one.id });
  await stripe.refunds.create({ payment_intent: two.id });
  expect((await stripe.refunds.list({ payment_intent: one.id })).data.map(({ id }) => id)).toEqual([refund.id]);
  expect((await stripe.refunds.list({ charge: idOf(one.latest_charge) })).data).toHaveLength(1);
  expect((await stripe.refunds.update(refund.id, { metadata: { a: 'b' } })).metadata).toEqual({ a: 'b' });
});

test.each([
  ['winning_evidence', 'won', 'charge.dispute.funds_reinstated', 2500],
  ['losing_evidence', 'lost', 'charge.dispute.closed', 0],
])('a dispute answered with %s is %s', async (words, status, event, reinstated) => {
  const { sandbox, stripe, types } = openShop();
  const paid = await charged(stripe, 'pm_card_createDispute');
  await sandbox.control.advance(86_400_000);
  const [dispute] = (await stripe.disputes.list({ payment_intent: paid.id })).data;
  expect(dispute).toMatchObject({ status: 'needs_response', reason: 'fraudulent', amount: 2500 });
  expect((await stripe.charges.retrieve(idOf(paid.latest_charge))).disputed).toBe(true);
  expect((await refusal(stripe.refunds.create({ payment_intent: paid.id }))).code).toBe('refund_disputed_payment');
  const ended = await stripe.disputes.update(dispute?.id ?? '', { evidence: { uncategorized_text: words } });
  expect(ended.status).toBe(status);
  await sandbox.drain();
  expect(types()).toContain('charge.dispute.created');
  expect(types()).toContain('charge.dispute.funds_withdrawn');
  expect(types()).toContain(event);
  expect(types().at(-1)).toBe('charge.dispute.closed');
  expect(sandbox.books().currencies.usd).toMatchObject({ disputed: 2500, reinstated });
});

test('a dispute that nobody answers is lost when its time is up', async () => {
  const { sandbox, stripe } = openShop();
  const paid = await charged(stripe);
  const dispute = await sandbox.control.openDispute(idOf(paid.latest_charge), { reason: 'product_not_received' });
  await sandbox.control.advance(10 * 86_400_000);
  const ended = await stripe.disputes.retrieve(dispute.id);
  expect(ended).toMatchObject({ status: 'lost', evidence_details: { past_due: true } });
});

test('an inquiry withdraws nothing and still allows a refund', async () => {
  const { sandbox, stripe, types } = openShop();
  const paid = await charged(stripe, 'pm_card_createDisputeInquiry');
  await sandbox.control.advance(86_400_000);
  const [inquiry] = (await stripe.disputes.list()).data;
  expect(inquiry).toMatchObject({ status: 'warning_needs_response', is_charge_refundable: true });
  expect(types()).not.toContain('charge.dispute.funds_withdrawn');
  expect((await stripe.refunds.create({ payment_intent: paid.id })).status).toBe('succeeded');
  expect((await stripe.disputes.close(inquiry?.id ?? '')).status).toBe('warning_closed');
  expect(sandbox.books().currencies.usd?.disputed).toBe(0);
});

test('a dispute after a part was refunded is about the rest', async () => {
  const { sandbox, stripe } = openShop();
  const paid = await charged(stripe);
  await stripe.refunds.create({ payment_intent: paid.id, amount: 500 });
  expect((await sandbox.control.openDispute(idOf(paid.latest_charge))).amount).toBe(2000);
  await expect(sandbox.control.openDispute(idOf(paid.latest_charge))).rejects.toMatchObject({ status: 400 });
});
