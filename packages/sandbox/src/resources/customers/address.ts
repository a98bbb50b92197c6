import { child, clearable, type Input, raw } from '../../http/input.ts';
import { isPlain } from '../../kernel/canonical.ts';

export interface PostalAddress {
  city: string | null;
  country: string | null;
  line1: string | null;
  line2: string | null;
  postal_code: string | null;
  state: string | null;
}

export function readAddress(input: Input | undefined): PostalAddress | null {
  if (!input) return null;
  const part = (name: keyof PostalAddress): string | null => clearable(input, name) ?? null;
  return {
    city: part('city'),
    country: part('country'),
    line1: part('line1'),
    line2: part('line2'),
    postal_code: part('postal_code'),
    state: part('state'),
  };
}

export interface BillingDetails {
  address: PostalAddress | null;
  email: string | null;
  name: string | null;
  phone: string | null;
  tax_id: string | null;
}

const NO_ADDRESS: PostalAddress = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};

export function readBilling(input: Input | undefined): BillingDetails {
  if (!input) return { address: { ...NO_ADDRESS }, email: null, name: null, phone: null, tax_id: null };
  const address = isPlain(raw(input, 'address')) ? readAddress(child(input, 'address')) : null;
  return {
    address: address ?? { ...NO_ADDRESS },
    email: clearable(input, 'email') ?? null,
    name: clearable(input, 'name') ?? null,
    phone: clearable(input, 'phone') ?? null,
    tax_id: clearable(input, 'tax_id') ?? null,
  };
}
