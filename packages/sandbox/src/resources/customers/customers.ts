import {
  child,
  choice,
  clearable,
  has,
  type Input,
  integer,
  mergeMetadata,
  metadataOf,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import { listObjects, readFilters } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam } from '../../kernel/failure.ts';
import type { Customer } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { readAddress } from './address.ts';
import { attachMethod, usableMethod } from './payment-methods.ts';

const NOTHING_SET: Customer['invoice_settings'] = {
  custom_fields: null,
  default_payment_method: null,
  footer: null,
  rendering_options: null,
};

/** The object of a new customer. Emits `customer.created`. */
export function newCustomer(tx: Tx, fields: Partial<Customer>): Customer {
  const customer = tx.insert('customer', {
    id: tx.ids.next('cus_', 14),
    object: 'customer',
    address: null,
    balance: 0,
    created: tx.now,
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    email: null,
    invoice_prefix: tx.ids.next('', 8).toUpperCase(),
    invoice_settings: NOTHING_SET,
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
    ...fields,
  });
  tx.emit('customer.created', customer);
  return customer;
}

const TEXTS = ['description', 'email', 'name', 'phone'] as const;

function readFields(input: Input): Partial<Customer> {
  const fields: Partial<Customer> = {};
  for (const name of TEXTS) if (has(input, name)) fields[name] = clearable(input, name) ?? null;
  if (fields.email && !/^[^@\s]+@[^@\s]+$/.test(fields.email)) {
    throw badParam('email', `Invalid email address: ${fields.email}`, 'email_invalid');
  }
  if (has(input, 'address')) fields.address = readAddress(child(input, 'address'));
  if (has(input, 'shipping')) fields.shipping = readShipping(input);
  if (has(input, 'preferred_locales')) fields.preferred_locales = texts(input, 'preferred_locales') ?? [];
  const exempt = choice(input, 'tax_exempt', ['exempt', 'none', 'reverse'] as const);
  if (exempt) fields.tax_exempt = exempt;
  const balance = integer(input, 'balance');
  if (balance !== undefined) fields.balance = balance;
  const prefix = text(input, 'invoice_prefix');
  if (prefix) fields.invoice_prefix = prefix;
  return fields;
}

function readShipping(input: Input): Customer['shipping'] {
  const given = child(input, 'shipping');
  if (!given) return null;
  const address = readAddress(child(given, 'address')) ?? {
    city: null,
    country: null,
    line1: null,
    line2: null,
    postal_code: null,
    state: null,
  };
  return { address, name: needText(given, 'name'), phone: text(given, 'phone') ?? '' };
}

function create(tx: Tx, input: Input): Customer {
  const clock = text(input, 'test_clock');
  if (clock !== undefined) tx.get('test_helpers.test_clock', clock, 'test_clock');
  const customer = newCustomer(tx, {
    ...readFields(input),
    metadata: metadataOf(input),
    test_clock: clock ?? null,
  });
  applyMethods(tx, customer, input);
  return customer;
}

function applyMethods(tx: Tx, customer: Customer, input: Input): void {
  const method = text(input, 'payment_method');
  if (method !== undefined) attachMethod(tx, usableMethod(tx, method, 'payment_method'), customer.id);
  const settings = child(input, 'invoice_settings');
  const preferred = settings && clearable(settings, 'default_payment_method');
  if (preferred === undefined) return;
  if (preferred !== null && tx.get('payment_method', preferred, 'invoice_settings').customer !== customer.id) {
    throw badParam('invoice_settings[default_payment_method]', 'That payment method belongs to nobody or another.');
  }
  tx.patch(customer, { invoice_settings: { ...customer.invoice_settings, default_payment_method: preferred } });
}

function update(tx: Tx, input: Input, id: string): Customer {
  const customer = tx.get('customer', id, 'id');
  const before = structuredClone(customer);
  const metadata = mergeMetadata(input, customer.metadata);
  const previous = tx.patch(customer, { ...readFields(input), ...(metadata ? { metadata } : {}) });
  applyMethods(tx, customer, input);
  const settings = before.invoice_settings;
  const preferred = customer.invoice_settings.default_payment_method !== settings.default_payment_method;
  const told = preferred
    ? { ...previous, invoice_settings: { default_payment_method: settings.default_payment_method } }
    : previous;
  tx.emit('customer.updated', customer, told);
  return customer;
}

export function removeCustomer(tx: Tx, id: string): unknown {
  const customer = tx.get('customer', id, 'id');
  for (const method of tx.every('payment_method', { customer: id })) {
    tx.hidden(method.id).detached = true;
    tx.patch(method, { customer: null });
  }
  tx.remove(customer);
  tx.emit('customer.deleted', customer);
  return { id, object: 'customer', deleted: true };
}

/** A deleted customer is still known by name: 200 with `deleted: true`, as Stripe answers. */
function retrieve(tx: Tx, id: string): unknown {
  const held = tx.any(id);
  if (held?.kind === 'customer' && held.deleted) return { id, object: 'customer', deleted: true };
  return tx.get('customer', id, 'id');
}

export const CUSTOMER_ROUTES: Route[] = [
  route('POST', '/v1/customers', (tx, input) => create(tx, input)),
  route('GET', '/v1/customers/:id', (tx, _, { ids }) => retrieve(tx, ids.id ?? '')),
  route('POST', '/v1/customers/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('DELETE', '/v1/customers/:id', (tx, _, { ids }) => removeCustomer(tx, ids.id ?? '')),
  route('GET', '/v1/customers', (tx, input) =>
    listObjects(tx, 'customer', input, { url: '/v1/customers', where: readFilters(input, 'email', 'test_clock') }),
  ),
];
