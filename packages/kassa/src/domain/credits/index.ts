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
  type CreditsBack,
  creditsOf,
  endCredits,
  holdCredits,
  type ReturnedShare,
  returnCredits,
  spendCredits,
} from './holds-table.ts';
export { type Lapsed, lapseLot, takeBackGrants } from './lapse-table.ts';
export { lockLots } from './lock-lots.ts';
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
