-- Two more reasons for which money goes back by itself: another amount than was asked for, and a payment without an order.
alter table kassa.refunds drop constraint refunds_cause_check;
alter table kassa.refunds add constraint refunds_cause_check
  check (cause in ('requested', 'surplus', 'too_late', 'mismatch', 'unowned', 'adopted'));
