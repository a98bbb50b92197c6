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
export { checkStock, countedIfDone, judgeAtOnce, lockFree } from './stock-table.ts';
