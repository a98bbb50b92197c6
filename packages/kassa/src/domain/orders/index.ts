export { type AuditEntry, writeAudit } from './audit-table.ts';
export { fieldsOf, type OrderFields, saveFields } from './fields-table.ts';
export { isOpen, isPaid, NEXT, nextStatus, type OrderEvent, type OrderStatus } from './order.ts';
export {
  findOrder,
  giveNumber,
  insertOrder,
  knowsOrder,
  linesOf,
  lockOrder,
  moveOrder,
  type NewOrder,
  noteSession,
  type Order,
  type OrderLine,
  type OrderMove,
} from './orders-table.ts';
