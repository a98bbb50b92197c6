export {
  type ApiKey,
  CAPPED,
  type Capped,
  type KeyCaps,
  type KeyKind,
  makeKey,
  readKeyForm,
  SCOPES,
  type Scope,
} from './key.ts';
export { insertKey, listKeys, markRevoked, recognizeKey } from './keys-table.ts';
export { type Spending, spendWithin } from './spending-table.ts';
