export { keepBuyer } from './buyers-table.ts';
export {
  attachCustomer,
  type Customer,
  customerAtStripe,
  customerById,
  detachCustomer,
  dropAddress,
  findCustomer,
  lockCustomer,
  type NewCustomer,
  renameCustomer,
} from './customers-table.ts';
