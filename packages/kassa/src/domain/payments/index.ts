export { type AttemptStatus, isLive, isOver, isSettled, joinStatus, statusProvedBy } from './attempt.ts';
export {
  type Attempt,
  type AttemptChange,
  attemptById,
  attemptsOf,
  changeAttempt,
  declinesFrom,
  findAttempt,
  findAttempts,
  insertAttempt,
  isOpened,
  lockAttempts,
  metadataOf,
  type NewAttempt,
  operationKey,
  type Presentation,
} from './attempts-table.ts';
export { type Break, closeBreaks, openBreak, openBreakObjects } from './breaks-table.ts';
export { type DisputeFacts, type DisputeStatus, isContested, isDisputeOver, joinDispute } from './dispute.ts';
export {
  changeDispute,
  type Dispute,
  disputesKnown,
  disputesOf,
  insertDispute,
  insertFraudWarning,
  listDisputes,
  lockDisputes,
  type NewDispute,
  oldestOpenDispute,
} from './disputes-table.ts';
export { type Gateway, GatewayFailure, type Lane, WebhookRefused } from './gateway.ts';
export {
  latestAttempt,
  lockAttemptsOf,
  longSilent,
  oldestLive,
  type PaidAttempt,
  payAttempts,
} from './live-attempts-table.ts';
export {
  closeOperation,
  findOperation,
  intendOperation,
  intendTry,
  lastTry,
  markSent,
  maySend,
  type NewOperation,
  type Operation,
  type TrySubject,
} from './operations-table.ts';
export {
  changeRefund,
  insertRefund,
  insertRefundLines,
  joinRefundStatus,
  listRefunds,
  lockRefunds,
  type NewRefund,
  oldestOpenRefund,
  type Refund,
  type RefundCause,
  type RefundLine,
  refundById,
  refundLinesOf,
  refundStatuses,
} from './refunds-table.ts';
export type {
  CustomerReport,
  DisputeReport,
  FraudWarningReport,
  IntentStatus,
  ListedIntent,
  ListedSession,
  Listing,
  MethodReport,
  OpenedAtStripe,
  PaymentReport,
  RefundReport,
  RefundStatus,
  VerifiedEvent,
} from './reports.ts';
export type {
  CancelReason,
  ConfirmRequest,
  CustomerRequest,
  IntentRequest,
  RefundRequest,
  SessionLine,
  SessionRequest,
  StoredRequest,
} from './requests.ts';
