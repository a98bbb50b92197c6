export { type CatalogEntry, retireOffers, saveOffer, saveStock } from './configured-offers-table.ts';
export { renamePractitioners, saveParts, savePractitioners } from './configured-parts-table.ts';
export {
  type Offer,
  type OfferChild,
  type OfferGrant,
  type OfferKind,
  type OfferPrice,
  type Practitioner,
  type UnitPrice,
  unitPriceOf,
  type WhenLate,
  type Wish,
} from './offer.ts';
export {
  findContractOffer,
  findOffer,
  kindsOf,
  listOffers,
  type OfferOnSale,
  type OfferRef,
  offersById,
} from './offers-table.ts';
export { findPractitioner } from './parts-table.ts';
export { atCurrentPrices, forgetPrices, openPriceList, type PriceList, PricesChanged } from './price-list.ts';
export { saveTaxRates, type TaxRate, taxRatesOf } from './tax-rates-table.ts';
export { claimInstallation, listTenants, saveTenant, type Tenant } from './tenants-table.ts';
