import { CREDIT_CHECKS } from './checks/credit-checks.ts';
import { DISPUTE_CHECKS } from './checks/dispute-checks.ts';
import { LEDGER_CHECKS } from './checks/ledger-checks.ts';
import { MESSAGE_CHECKS } from './checks/message-checks.ts';
import { MONEY_CHECKS } from './checks/money-checks.ts';
import { ORDER_CHECKS } from './checks/order-checks.ts';
import { STOCK_CHECKS } from './checks/stock-checks.ts';

export { type Broken, type Check, runChecks } from './checks/check.ts';
export { keepCursor, type ListKind, type Pass, type ReconcileCursor, readCursorOf, setUpAt } from './cursors-table.ts';
export { type Health, readHealth } from './health-table.ts';
export {
  type BookSums,
  bookSums,
  countOrders,
  type OpenBreak,
  openBreaks,
  ownersOf,
  type ProofPeriod,
  postedUnder,
  type RefundRow,
  receivedIn,
  refundRows,
  refundsIn,
} from './matching-table.ts';
export { countWaiting, findOrderByNumber, type ParkedOfOrder, parkedOf, refundsOf } from './order-table.ts';

/** What holds after every commit. */
export const CHECKS = [
  ...MONEY_CHECKS,
  ...LEDGER_CHECKS,
  ...DISPUTE_CHECKS,
  ...CREDIT_CHECKS,
  ...ORDER_CHECKS,
  ...STOCK_CHECKS,
  ...MESSAGE_CHECKS,
];
