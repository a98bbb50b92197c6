// The shop of the checks, whose embedded form is opened with exactly the parameters that its contract names.
import { defineKassa } from 'kassa';
import shop from '../kassa.config.ts';

export default defineKassa({
  ...shop,
  contracts: { ...shop.contracts, 'embedded-checkout': { product: 'board', exactParameters: true } },
});
