export { type CatalogEntry, retireOffers, saveOffer } from './configured-offers-table.ts';
export {
  type Offer,
  type OfferKind,
  type OfferPrice,
  type UnitPrice,
  unitPriceOf,
  type WhenLate,
  type Wish,
} from './offer.ts';
export {
  findContractOffer,
  findOffer,
  listOffers,
  type OfferOnSale,
  type OfferRef,
  offersById,
} from './offers-table.ts';
export { claimInstallation, listTenants, saveTenant, type Tenant } from './tenants-table.ts';
