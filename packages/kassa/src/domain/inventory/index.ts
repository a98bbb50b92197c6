export {
  endHolds,
  type Hold,
  type HoldRequest,
  lockHolds,
  lockHoldsOf,
  type OwnedHold,
  restock,
  resumeHolds,
  sellHolds,
  takeHolds,
} from './holds-table.ts';
export {
  checkStock,
  countedIfDone,
  type FreeStock,
  judgeAtOnce,
  lockFree,
  lookAtStock,
  shortOf,
  soldOut,
} from './stock-table.ts';
