-- Money that Stripe cannot send back reaches its buyer on another way: a refund that Stripe never hears of, paid from
-- an account of the shop's own.
alter table kassa.refunds drop constraint refunds_cause_check;
alter table kassa.refunds add constraint refunds_cause_check
  check (cause in ('requested', 'surplus', 'too_late', 'mismatch', 'unowned', 'adopted', 'elsewhere'));
alter table kassa.refunds add constraint refunds_elsewhere_without_stripe
  check (cause <> 'elsewhere' or (stripe_refund_id is null and status in ('requested', 'succeeded')));
alter table kassa.ledger_entries drop constraint ledger_entries_account_check;
alter table kassa.ledger_entries add constraint ledger_entries_account_check
  check (account in ('stripe', 'revenue', 'tax', 'credits_liability', 'discounts', 'refunds', 'disputes', 'fees',
                     'review', 'elsewhere'));
