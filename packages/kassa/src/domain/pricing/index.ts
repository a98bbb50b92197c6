export {
  type Basket,
  type BasketLine,
  dueByLine,
  hashOfBasket,
  type LineGrant,
  type LineSlot,
  type PricedBasket,
  type PricedLine,
  paidInPieces,
  priceBasket,
  type Reduction,
} from './basket.ts';
export { findQuote, insertQuote, type Quote } from './quotes-table.ts';
