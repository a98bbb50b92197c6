export {
  checkStock,
  endHolds,
  type Hold,
  type HoldRequest,
  lockFree,
  lockHolds,
  restock,
  resumeHolds,
  takeHolds,
} from './holds-table.ts';
