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
  type CatalogEntry,
  findOffer,
  listOffers,
  type OfferOnSale,
  type OfferRef,
  offersById,
  retireOffers,
  saveOffer,
} from './offers-table.ts';
export { claimInstallation, listTenants, saveTenant, type Tenant } from './tenants-table.ts';
