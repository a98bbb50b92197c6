export {
  type Balance,
  type LedgerEntry,
  type LedgerFilter,
  ledgerBalances,
  ledgerEntries,
  ledgerOf,
} from './balances-table.ts';
export {
  beginClosing,
  forgetSums,
  sumLateEntries,
  sumNextDay,
  writersAreDone,
  writersUntilNow,
} from './closings-table.ts';
export { LEDGER_ACCOUNTS, type LedgerAccount, type Posting, post, postAll, postMissing } from './ledger-table.ts';
