export { type Customer, customerById } from './customers-table.ts';
