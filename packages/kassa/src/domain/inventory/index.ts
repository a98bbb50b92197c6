export {
  checkStock,
  endHolds,
  type Hold,
  type HoldRequest,
  lockFree,
  lockHolds,
  lockHoldsOf,
  type OwnedHold,
  restock,
  resumeHolds,
  sellHolds,
  takeHolds,
} from './holds-table.ts';
