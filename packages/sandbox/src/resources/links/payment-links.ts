import {
  child,
  childOrEmpty,
  children,
  choice,
  flag,
  has,
  type Input,
  integer,
  mergeMetadata,
  metadataOf,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import { listArray, listObjects, readFlagFilter } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, missingParam, unsupported } from '../../kernel/failure.ts';
import type { PaymentLink } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { type Item, readItems, readOptional } from '../basket/items.ts';
import { collectionFields, presentationFields } from '../checkout/fields.ts';

/** What a link keeps to make sessions of: its basket, and how its sessions look. */
export interface LinkSecrets {
  items: Item[];
  intent_data: Record<string, unknown>;
  /** What its sessions are asked for besides, in the words of the session's own parameters. */
  asked: Record<string, unknown>;
}

/** What a link and a session call by the same name. */
const SHARED = [
  'billing_address_collection',
  'consent_collection',
  'custom_fields',
  'custom_text',
  'name_collection',
  'optional_items',
  'shipping_address_collection',
  'submit_type',
  'tax_id_collection',
] as const;

/** `payment_method_types` is the one parameter of that name that was left; sessions call it a filter. */
function askedOf(input: Input): Record<string, unknown> {
  const types = texts(input, 'payment_method_types');
  return {
    ...Object.fromEntries(SHARED.filter((name) => has(input, name)).map((name) => [name, input.fields[name]])),
    ...(types ? { allowed_payment_method_types: types } : {}),
  };
}

export function linkSecrets(tx: Tx, link: PaymentLink): LinkSecrets {
  return tx.hidden(link.id) as unknown as LinkSecrets;
}

function afterCompletion(input: Input): PaymentLink['after_completion'] {
  const given = child(input, 'after_completion');
  if (!given || choice(given, 'type', ['hosted_confirmation', 'redirect'] as const) !== 'redirect') {
    const confirmation = given && child(given, 'hosted_confirmation');
    const custom_message = (confirmation && text(confirmation, 'custom_message')) ?? null;
    return { hosted_confirmation: { custom_message }, type: 'hosted_confirmation' };
  }
  const url = needText(childOrEmpty(given, 'redirect'), 'url');
  if (!URL.canParse(url.replaceAll(/[{}]/g, ''))) throw badParam('after_completion[redirect][url]', 'Not a valid URL.');
  return { redirect: { url }, type: 'redirect' };
}

function intentData(input: Input): PaymentLink['payment_intent_data'] {
  const given = child(input, 'payment_intent_data');
  if (!given) return null;
  return {
    capture_method: text(given, 'capture_method') ?? null,
    description: text(given, 'description') ?? null,
    metadata: metadataOf(given),
    setup_future_usage: text(given, 'setup_future_usage') ?? null,
    statement_descriptor: text(given, 'statement_descriptor') ?? null,
    statement_descriptor_suffix: text(given, 'statement_descriptor_suffix') ?? null,
    transfer_group: null,
  };
}

function restrictions(input: Input): PaymentLink['restrictions'] {
  const sessions = child(childOrEmpty(input, 'restrictions'), 'completed_sessions');
  if (!sessions) return null;
  return { completed_sessions: { count: 0, limit: integer(sessions, 'limit', { min: 1 }) ?? 1 } };
}

/** A link has no buyer yet, so its fields have no `value`. */
function asWanted(
  fields: NonNullable<ReturnType<typeof collectionFields>['custom_fields']>,
): PaymentLink['custom_fields'] {
  return fields.map(({ dropdown, numeric, text, ...field }) => {
    const { value: _, ...wanted } = dropdown ?? numeric ?? text ?? { value: null };
    return { ...field, [field.type]: wanted };
  }) as unknown as PaymentLink['custom_fields'];
}

/** What the page of its sessions asks for and says, as the link itself shows it. */
function shown(input: Input): Partial<PaymentLink> & Pick<PaymentLink, ShownAlways> {
  const asked = collectionFields(input);
  const said = presentationFields(input);
  return {
    billing_address_collection: asked.billing_address_collection ?? 'auto',
    consent_collection: asked.consent_collection ?? null,
    custom_fields: asWanted(asked.custom_fields ?? []),
    custom_text: said.custom_text ?? NO_TEXT,
    ...(asked.name_collection ? { name_collection: asked.name_collection } : {}),
    phone_number_collection: asked.phone_number_collection ?? { enabled: false },
    shipping_address_collection: (asked.shipping_address_collection ??
      null) as PaymentLink['shipping_address_collection'],
    submit_type: said.submit_type ?? 'auto',
    tax_id_collection: asked.tax_id_collection ?? { enabled: false, required: 'never' },
  };
}

type ShownAlways =
  | 'billing_address_collection'
  | 'consent_collection'
  | 'custom_fields'
  | 'custom_text'
  | 'phone_number_collection'
  | 'shipping_address_collection'
  | 'submit_type'
  | 'tax_id_collection';

function create(tx: Tx, input: Input): PaymentLink {
  const lines = children(input, 'line_items');
  if (!lines) throw missingParam('line_items');
  const { items, currency } = readItems(tx, lines, 'payment');
  const id = tx.ids.next('plink_');
  const optional = children(input, 'optional_items');
  const link = tx.insert(
    'payment_link',
    {
      id,
      object: 'payment_link',
      active: true,
      after_completion: afterCompletion(input),
      allow_promotion_codes: flag(input, 'allow_promotion_codes') === true,
      application: null,
      application_fee_amount: null,
      application_fee_percent: null,
      automatic_tax: { enabled: flag(childOrEmpty(input, 'automatic_tax'), 'enabled') === true, liability: null },
      currency,
      customer_creation: choice(input, 'customer_creation', ['always', 'if_required'] as const) ?? 'if_required',
      inactive_message: text(input, 'inactive_message') ?? null,
      invoice_creation: null,
      livemode: false,
      managed_payments: null,
      metadata: metadataOf(input),
      on_behalf_of: null,
      payment_intent_data: intentData(input),
      payment_method_collection: 'always',
      payment_method_options: null,
      payment_method_types: (texts(input, 'payment_method_types') ?? null) as PaymentLink['payment_method_types'],
      restrictions: restrictions(input),
      shipping_options: [],
      subscription_data: null,
      transfer_data: null,
      ...(optional ? { optional_items: readOptional(tx, optional) } : {}),
      ...shown(input),
      url: `${tx.world.publicUrl}/l/${id}`,
    },
    { items, intent_data: child(input, 'payment_intent_data')?.fields ?? {}, asked: askedOf(input) },
  );
  if (has(input, 'shipping_options')) throw unsupported('shipping options of payment links');
  tx.emit('payment_link.created', link);
  return link;
}

const NO_TEXT: PaymentLink['custom_text'] = {
  after_submit: null,
  shipping_address: null,
  submit: null,
  terms_of_service_acceptance: null,
};

function update(tx: Tx, input: Input, id: string): PaymentLink {
  const link = tx.get('payment_link', id, 'payment_link');
  const changes: Partial<PaymentLink> = {};
  const metadata = mergeMetadata(input, link.metadata);
  if (metadata) changes.metadata = metadata;
  const active = flag(input, 'active');
  if (active !== undefined) changes.active = active;
  if (has(input, 'inactive_message')) changes.inactive_message = text(input, 'inactive_message') ?? null;
  if (has(input, 'after_completion')) changes.after_completion = afterCompletion(input);
  const codes = flag(input, 'allow_promotion_codes');
  if (codes !== undefined) changes.allow_promotion_codes = codes;
  tx.emit('payment_link.updated', link, tx.patch(link, changes));
  return link;
}

/** The basket as the API shows it: no session, so no discounts and taxes yet. */
function lineItems(tx: Tx, link: PaymentLink): { id: string }[] {
  return linkSecrets(tx, link).items.map((item) => {
    const amount = Number(item.price.unit_amount ?? 0) * item.quantity;
    return {
      id: item.id,
      object: 'item',
      adjustable_quantity: item.adjustable,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: link.currency,
      description: item.description,
      metadata: item.metadata,
      price: item.price,
      quantity: item.quantity,
    };
  });
}

const PATH = '/v1/payment_links';

export const LINK_ROUTES: Route[] = [
  route('POST', PATH, (tx, input) => create(tx, input)),
  route('GET', `${PATH}/:link`, (tx, _, { ids }) => tx.get('payment_link', ids.link ?? '', 'payment_link')),
  route('POST', `${PATH}/:link`, (tx, input, { ids }) => update(tx, input, ids.link ?? '')),
  route('GET', `${PATH}/:link/line_items`, (tx, input, { ids }) => {
    const link = tx.get('payment_link', ids.link ?? '', 'payment_link');
    return listArray(lineItems(tx, link), input, `${PATH}/${link.id}/line_items`);
  }),
  route('GET', PATH, (tx, input) =>
    listObjects(tx, 'payment_link', input, { url: PATH, where: { active: readFlagFilter(input, 'active') } }),
  ),
];
