import {
  child,
  childOrEmpty,
  choice,
  flag,
  type Input,
  integer,
  mergeMetadata,
  metadataOf,
  needText,
  text,
} from '../../http/input.ts';
import { listObjects, readFilters, readFlagFilter } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, missingParam } from '../../kernel/failure.ts';
import type { PromotionCode } from '../../kernel/kinds.ts';
import { checkCurrency } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';

/** A code that nobody else uses now: letters and digits, compared without case. */
function freeCode(tx: Tx, wanted: string | undefined, customer: string | null): string {
  const code = wanted ?? tx.ids.next('', 8).toUpperCase();
  if (!/^[A-Za-z0-9-]+$/.test(code)) throw badParam('code', 'A code consists of letters, digits and dashes.');
  const twins = tx.every('promotion_code', { code: code.toLowerCase(), active: 'true' });
  if (twins.some((twin) => twin.customer === customer || twin.customer === null || customer === null)) {
    throw badParam('code', `An active promotion code '${code}' exists already.`);
  }
  return code;
}

function create(tx: Tx, input: Input): PromotionCode {
  // Callers without a version may still name the coupon at the top, as older fixtures do.
  const promotion = child(input, 'promotion');
  const legacy = text(input, 'coupon');
  if (!promotion && legacy === undefined) throw missingParam('promotion');
  if (promotion) choice(promotion, 'type', ['coupon'] as const);
  const param = promotion ? 'promotion[coupon]' : 'coupon';
  const coupon = tx.get('coupon', promotion ? needText(promotion, 'coupon') : (legacy ?? ''), param);
  const customer = text(input, 'customer');
  const owner = customer === undefined ? null : tx.get('customer', customer, 'customer').id;
  const rules = childOrEmpty(input, 'restrictions');
  const minimum = integer(rules, 'minimum_amount', { min: 1 }) ?? null;
  const currency = text(rules, 'minimum_amount_currency');
  if (minimum !== null && currency === undefined) throw missingParam('restrictions[minimum_amount_currency]');
  const max = integer(input, 'max_redemptions', { min: 1 }) ?? null;
  if (max !== null && coupon.max_redemptions !== null && max > coupon.max_redemptions) {
    throw badParam('max_redemptions', 'A code cannot be redeemed more often than its coupon.');
  }
  const code = tx.insert('promotion_code', {
    id: tx.ids.next('promo_'),
    object: 'promotion_code',
    active: flag(input, 'active') ?? true,
    code: freeCode(tx, text(input, 'code'), owner),
    created: tx.now,
    customer: owner,
    customer_account: null,
    expires_at: integer(input, 'expires_at') ?? null,
    livemode: false,
    max_redemptions: max,
    metadata: metadataOf(input),
    promotion: { coupon: coupon.id, type: 'coupon' },
    restrictions: {
      first_time_transaction: flag(rules, 'first_time_transaction') === true,
      minimum_amount: minimum,
      minimum_amount_currency: currency === undefined ? null : checkCurrency(currency, 'restrictions'),
    },
    times_redeemed: 0,
  });
  tx.emit('promotion_code.created', code);
  return code;
}

function update(tx: Tx, input: Input, id: string): PromotionCode {
  const code = tx.get('promotion_code', id, 'promotion_code');
  const metadata = mergeMetadata(input, code.metadata);
  const active = flag(input, 'active') ?? code.active;
  const previous = tx.patch(code, { active, ...(metadata ? { metadata } : {}) });
  tx.emit('promotion_code.updated', code, previous);
  return code;
}

export const PROMOTION_ROUTES: Route[] = [
  route('POST', '/v1/promotion_codes', (tx, input) => create(tx, input)),
  route('GET', '/v1/promotion_codes/:id', (tx, _, { ids }) => tx.get('promotion_code', ids.id ?? '', 'promotion_code')),
  route('POST', '/v1/promotion_codes/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('GET', '/v1/promotion_codes', (tx, input) =>
    listObjects(tx, 'promotion_code', input, {
      url: '/v1/promotion_codes',
      where: {
        ...readFilters(input, 'coupon', 'customer', 'customer_account'),
        code: text(input, 'code')?.toLowerCase(),
        active: readFlagFilter(input, 'active'),
      },
    }),
  ),
];
