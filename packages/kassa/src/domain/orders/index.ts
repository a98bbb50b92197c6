export { type AuditEntry, writeAudit, writeAudits } from './audit-table.ts';
export { fieldsOf, type OrderFields, saveFields } from './fields-table.ts';
export { isOpen, isPaid, NEXT, nextStatus, type OrderEvent, type OrderStatus } from './order.ts';
export { linesOf, type NewOrderLine, type OrderLine, offersOfOrders } from './order-lines-table.ts';
export {
  findOrder,
  giveNumber,
  insertOrder,
  knowsOrder,
  lockOrder,
  moveOrder,
  type NewOrder,
  noteFirstSession,
  noteSession,
  type Order,
  type OrderMove,
} from './orders-table.ts';
export { lockFreeOrders, type PaidOrder, payOrders } from './paid-orders-table.ts';
