export { type AttemptStatus, isLive, isOver, isSettled, joinStatus, statusProvedBy } from './attempt.ts';
export {
  type Attempt,
  type AttemptChange,
  attemptById,
  attemptsOf,
  changeAttempt,
  findAttempt,
  insertAttempt,
  lockAttempts,
  longSilent,
  metadataOf,
  type NewAttempt,
  oldestLive,
  operationKey,
  type Presentation,
} from './attempts-table.ts';
export { type Break, closeBreaks, openBreak, openBreakObjects } from './breaks-table.ts';
export {
  type Gateway,
  GatewayFailure,
  type Lane,
  type ListedSession,
  type Listing,
  type OpenedSession,
  type PaymentReport,
  type RefundReport,
  type RefundStatus,
  type SessionLine,
  type SessionRequest,
  type StoredRequest,
  type VerifiedEvent,
  WebhookRefused,
} from './gateway.ts';
export { type LedgerAccount, type Posting, post } from './ledger-table.ts';
export {
  closeOperation,
  findOperation,
  intendOperation,
  markSent,
  maySend,
  type NewOperation,
  type Operation,
} from './operations-table.ts';
export {
  changeRefund,
  insertRefund,
  joinRefundStatus,
  lockRefunds,
  type NewRefund,
  oldestOpenRefund,
  type Refund,
  type RefundCause,
  refundById,
  refundStatuses,
} from './refunds-table.ts';
