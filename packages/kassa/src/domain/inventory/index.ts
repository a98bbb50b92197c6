export { endHolds, type Hold, type HoldRequest, lockFree, lockHolds, restock, takeHolds } from './holds-table.ts';
