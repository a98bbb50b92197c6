export {
  type CreditUnit,
  chooseLots,
  type LotShare,
  moneyUnit,
  piecesOf,
  type SpendableLot,
  spendableOf,
} from './credit.ts';
export {
  type CreditHold,
  endCredits,
  holdCredits,
  lockCredits,
  returnCredits,
  spendCredits,
  wereReturned,
} from './holds-table.ts';
export { type Lapsed, lapseLot, takeBackGrants } from './lapse-table.ts';
export {
  type CreditSource,
  freezeGrants,
  grantLot,
  type LotView,
  lockSpendableLots,
  lotsOf,
  type NewLot,
  spendableLots,
} from './lots-table.ts';
