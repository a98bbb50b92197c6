// The shop of the checks, whose pages may send a bare amount.
import { defineKassa } from 'kassa';
import shop from '../kassa.config.ts';

export default defineKassa({
  ...shop,
  contracts: { ...shop.contracts, 'hosted-checkout': { customAmountProduct: 'donation' } },
});
