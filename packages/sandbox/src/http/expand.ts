import { isPlain } from '../kernel/canonical.ts';
import { badParam } from '../kernel/failure.ts';
import type { Charge, Coupon, Price, Session } from '../kernel/kinds.ts';
import { lineItems } from '../resources/basket/price-session.ts';
import type { Tx } from '../store/tx.ts';

/** A first page of a list that Stripe leaves out unless somebody asks for it. */
function inner(data: unknown[], url: string, page = 10): unknown {
  return { object: 'list', data: data.slice(0, page), has_more: data.length > page, url };
}

type Include = (tx: Tx, object: Record<string, unknown>) => unknown;

/** Fields that are absent until they are expanded, by the `object` word. */
const INCLUDABLE: Record<string, Record<string, Include>> = {
  'checkout.session': {
    line_items: (tx, object) => {
      const session = object as unknown as Session;
      return inner(lineItems(tx, session), `/v1/checkout/sessions/${session.id}/line_items`);
    },
  },
  charge: {
    refunds: (tx, object) => {
      const { id } = object as unknown as Charge;
      return inner(tx.every('refund', { charge: id }).reverse(), `/v1/charges/${id}/refunds`);
    },
  },
  customer: {
    sources: (_, object) => inner([], `/v1/customers/${String(object.id)}/sources`),
    subscriptions: (_, object) => inner([], `/v1/customers/${String(object.id)}/subscriptions`),
    tax_ids: (_, object) => inner([], `/v1/customers/${String(object.id)}/tax_ids`),
  },
  price: {
    currency_options: (tx, object) => {
      const price = object as unknown as Price;
      const own = {
        custom_unit_amount: price.custom_unit_amount,
        tax_behavior: price.tax_behavior,
        unit_amount: price.unit_amount,
        unit_amount_decimal: price.unit_amount_decimal,
      };
      return { [price.currency]: own, ...(tx.hidden(price.id).currency_options as object) };
    },
    tiers: () => [],
  },
  coupon: {
    applies_to: (tx, object) => {
      const { products } = tx.hidden((object as unknown as Coupon).id) as { products: string[] | null };
      return { products: products ?? [] };
    },
  },
};

/** Replaces ids by objects along the given paths, in a copy. The paths were checked against the types before. */
export function expandPaths(tx: Tx, value: unknown, paths: string[]): unknown {
  if (paths.length === 0) return value;
  const copy = structuredClone(value);
  for (const path of paths) expandInto(tx, copy, path.split('.'), path);
  return copy;
}

function expandInto(tx: Tx, holder: unknown, steps: string[], path: string): void {
  if (Array.isArray(holder)) {
    for (const entry of holder) expandInto(tx, entry, steps, path);
    return;
  }
  const [name, ...rest] = steps;
  if (name === undefined || !isPlain(holder)) return;
  const current = holder[name];
  const include = INCLUDABLE[String(holder.object)]?.[name];
  if (current === undefined && include) holder[name] = structuredClone(include(tx, holder));
  else if (typeof current === 'string') holder[name] = objectBehind(tx, current, path);
  expandInto(tx, holder[name], rest, path);
}

function objectBehind(tx: Tx, id: string, path: string): unknown {
  const held = tx.any(id);
  if (!held) throw badParam('expand', `This property cannot be expanded (${path}).`);
  if (held.deleted) return { id, object: held.kind, deleted: true };
  return structuredClone(held.object);
}
