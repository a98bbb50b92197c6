export { type Balances, lookAtBalances } from './balances/balance-report.ts';
export {
  type CheckoutName,
  type CheckoutRow,
  readCheckout,
  readSessions,
  readStandings,
  type StandingRow,
} from './checkouts/checkout-report.ts';
export { type CurrencyMetrics, type Period, readMetrics } from './metrics-report.ts';
export {
  listNotifications,
  type NotificationPage,
  type NotificationRow,
  type NotificationView,
  readNotification,
} from './notifications-report.ts';
export { listOrders, type OrderFilter, type OrderPage, type OrderRow } from './orders-report.ts';
export { type OrderStory, readStory, type StoryBreak } from './story-report.ts';
export type { StoryStep } from './story-steps.ts';
export { tenantOf } from './tenant-report.ts';
export { listTrouble, type Trouble } from './trouble-report.ts';
