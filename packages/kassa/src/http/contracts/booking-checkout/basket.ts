import { z } from '@hono/zod-openapi';
import type { Offer, OfferKind } from '../../../domain/catalog/index.ts';
import type { PricedWish } from '../../../flows/checkout/price-basket.ts';
import type { WishLine } from '../../../flows/house.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { fromTypeId } from '../../../kernel/ids.ts';
import type { HttpHouse } from '../../house.ts';

const ITEMS_MAX = 20;
const CHILDREN_MAX = 50;
const QUANTITY_MAX = 99;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Ids that the shop gave: `123` and `"123"` are one. */
const GivenId = z
  .union([z.int().min(0), z.string().min(1, 'must not be empty').max(100)], 'must be a whole number or a text')
  .transform(String)
  .openapi({ type: 'integer', example: 123 });

/** A moment that is the same everywhere: without an offset it would be another one in each zone. */
const Moment = z.iso
  .datetime({ offset: true, message: 'must be a time with an offset, such as 2027-01-15T10:00:00Z' })
  .transform((text) => new Date(text))
  .openapi({ type: 'string', format: 'date-time', example: '2027-01-15T10:00:00Z' });

const Quantity = z
  .int('must be a whole number')
  .min(1, `a whole number from 1 to ${QUANTITY_MAX}`)
  .max(QUANTITY_MAX, `a whole number from 1 to ${QUANTITY_MAX}`);

const Item = z
  .object({
    service_id: GivenId,
    practitioner_id: GivenId.optional().openapi({ type: 'integer', example: 456 }),
    start_time: Moment.optional(),
    end_time: Moment.optional().openapi({ type: 'string', format: 'date-time', example: '2027-01-15T11:00:00Z' }),
    quantity: Quantity.default(1),
    child_selections: z
      .record(z.string().min(1).max(100), z.object({ selected: z.boolean(), quantity: Quantity.optional() }))
      .refine((map) => Object.keys(map).length <= CHILDREN_MAX, `at most ${CHILDREN_MAX} children`)
      .optional()
      .openapi({ example: { '101': { selected: true, quantity: 2 } } }),
  })
  .openapi('BookingItem');

type Item = z.output<typeof Item>;

const CheckoutType = z
  .enum(['single_session', 'session', 'bundle', 'package'], 'must be single_session, bundle or package')
  .transform((word) => (word === 'session' ? 'single_session' : word))
  .openapi({ type: 'string', enum: ['single_session', 'bundle', 'package'], example: 'single_session' });

/** What `create` and `calculate-price` both read. A stored quote says by itself what is bought. */
export const BasketFields = {
  checkout_type: CheckoutType,
  items: z.array(Item).min(1, 'at least one').max(ITEMS_MAX, `at most ${ITEMS_MAX}`).optional(),
  save_payment_method: z.boolean().default(false),
  use_credits: z.boolean().default(false),
  payment_method_id: z
    .string()
    .regex(/^pm_\w{1,250}$/, 'must be a payment method of Stripe')
    .optional(),
  coupon_code: z.string().trim().min(1, 'must not be empty').max(64).optional(),
  quote_id: z.string().max(100).optional(),
};

const KIND: Readonly<Record<z.output<typeof CheckoutType>, OfferKind>> = {
  single_session: 'appointment',
  bundle: 'bundle',
  package: 'package',
};

interface Wanted {
  readonly checkout_type: z.output<typeof CheckoutType>;
  readonly items?: readonly Item[] | undefined;
  readonly quote_id?: string | undefined;
}

/** Field → reason, collected so that a page can mark every field at once. */
type Reasons = Record<string, string>;

/**
 * The items as lines of the catalogue. Which times, practitioners and children an offer has, the story knows; here only
 * the shape is looked at, and names are turned into ids.
 * @throws KassaError `invalid_request` with `items.<n>.<field>` in its details, `not_found`.
 */
export async function readLines(house: HttpHouse, wanted: Wanted): Promise<WishLine[]> {
  const items = wanted.items ?? [];
  if (items.length === 0 && wanted.quote_id === undefined) refuse({ items: 'required' });
  const reasons: Reasons = {};
  for (const [index, item] of items.entries()) checkShape(wanted.checkout_type, item, `items.${index}`, reasons);
  if (Object.keys(reasons).length > 0) refuse(reasons);
  const lines: WishLine[] = [];
  for (const [index, item] of items.entries()) {
    const offer = await findService(house, item.service_id);
    if (offer.kind !== KIND[wanted.checkout_type]) {
      refuse({ [`items.${index}.service_id`]: `not a service that is sold as ${wanted.checkout_type}` });
    }
    lines.push(await lineOf(house, offer, item));
  }
  return lines;
}

/** What was quoted is sold as the type that the page names. @throws KassaError `invalid_request`. */
export function checkQuoted(wanted: Wanted, { quote, offers }: PricedWish): void {
  const bought = quote.lines.filter((line) => line.parent === null);
  const fits = bought.every((line) => offers.get(line.offer_id)?.kind === KIND[wanted.checkout_type]);
  if (wanted.quote_id !== undefined && !fits) refuse({ checkout_type: 'not what was quoted' });
}

/** A quote by the id that `calculate-price` answered. @throws KassaError `not_found` for a text that cannot be one. */
export function quoteIdOf(text: string): string {
  const id = UUID.test(text) ? text : fromTypeId('qt', text);
  if (id === undefined) throw new KassaError('not_found', 'There is no such quote.');
  return id;
}

function checkShape(type: Wanted['checkout_type'], item: Item, at: string, reasons: Reasons): void {
  const timed = type === 'single_session';
  if (timed && item.start_time === undefined) reasons[`${at}.start_time`] = 'required';
  if (timed && item.end_time === undefined) reasons[`${at}.end_time`] = 'required';
  if (!timed && item.start_time !== undefined) reasons[`${at}.start_time`] = 'only for a single session';
  if (!timed && item.end_time !== undefined) reasons[`${at}.end_time`] = 'only for a single session';
  if (timed && item.quantity !== 1) reasons[`${at}.quantity`] = 'must be 1';
  if (type !== 'package' && item.child_selections !== undefined) {
    reasons[`${at}.child_selections`] = 'only for a package';
  }
}

async function lineOf(house: HttpHouse, offer: Offer, item: Item): Promise<WishLine> {
  const { quantity, start_time, end_time, practitioner_id, child_selections } = item;
  const line = { offer_id: offer.id, quantity };
  if (start_time && end_time) {
    const who = practitioner_id === undefined ? undefined : await house.findPractitioner(practitioner_id);
    if (practitioner_id !== undefined && who === undefined)
      throw new KassaError('not_found', 'There is no such practitioner.');
    return {
      ...line,
      slot: { starts_at: start_time, ends_at: end_time, ...(who === undefined ? {} : { practitioner_id: who.id }) },
    };
  }
  if (child_selections === undefined) return line;
  const children = new Map<string, { selected: boolean; quantity?: number }>();
  for (const [external_id, choice] of Object.entries(child_selections)) {
    const child = await house.findOffer({ external_id });
    // A name that is nobody's child is refused by the story in the same words as one that is somebody else's.
    children.set(child?.id ?? external_id, {
      selected: choice.selected,
      ...(choice.quantity === undefined ? {} : { quantity: choice.quantity }),
    });
  }
  return { ...line, children };
}

async function findService(house: HttpHouse, external_id: string): Promise<Offer> {
  const offer = await house.findOffer({ external_id });
  if (!offer?.active) throw new KassaError('not_found', 'There is no such service.');
  return offer;
}

function refuse(reasons: Reasons): never {
  throw new KassaError('invalid_request', `Some fields do not fit: ${Object.keys(reasons).join(', ')}.`, reasons);
}
