export {
  type Basket,
  type BasketLine,
  type PricedBasket,
  type PricedLine,
  priceBasket,
  type Reduction,
} from './basket.ts';
export { findQuote, insertQuote, type Quote } from './quotes-table.ts';
