import {
  child,
  childOrEmpty,
  children,
  choice,
  clearable,
  flag,
  has,
  type Input,
  integer,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import type { Session } from '../../kernel/kinds.ts';

/** What the page asks the buyer for. */
export function collectionFields(input: Input): Partial<Session> {
  const fields: Partial<Session> = {};
  const consent = child(input, 'consent_collection');
  if (consent) {
    const reuse = child(consent, 'payment_method_reuse_agreement');
    fields.consent_collection = {
      payment_method_reuse_agreement: reuse ? { position: text(reuse, 'position') ?? 'auto' } : null,
      promotions: text(consent, 'promotions') ?? null,
      terms_of_service: text(consent, 'terms_of_service') ?? null,
    };
  }
  const phone = child(input, 'phone_number_collection');
  fields.phone_number_collection = { enabled: phone ? flag(phone, 'enabled') === true : false };
  const taxId = child(input, 'tax_id_collection');
  if (taxId) {
    fields.tax_id_collection = {
      enabled: flag(taxId, 'enabled') === true,
      required: text(taxId, 'required') ?? 'never',
    };
  }
  const shipping = child(input, 'shipping_address_collection');
  if (shipping) {
    const allowed_countries = texts(shipping, 'allowed_countries') ?? [];
    fields.shipping_address_collection = { allowed_countries } as NonNullable<Session['shipping_address_collection']>;
  }
  fields.billing_address_collection =
    choice(input, 'billing_address_collection', ['auto', 'required'] as const) ?? null;
  const names = child(input, 'name_collection');
  if (names) fields.name_collection = readNames(names);
  const saved = child(input, 'saved_payment_method_options');
  if (saved) {
    fields.saved_payment_method_options = {
      allow_redisplay_filters: (texts(saved, 'allow_redisplay_filters') ?? ['always']) as ('always' | 'limited')[],
      payment_method_remove: text(saved, 'payment_method_remove') ?? null,
      payment_method_save: text(saved, 'payment_method_save') ?? null,
    };
  }
  fields.custom_fields = (children(input, 'custom_fields') ?? []).map(readCustomField);
  return fields;
}

function readNames(input: Input): NonNullable<Session['name_collection']> {
  const part = (name: string) => {
    const given = child(input, name);
    return given && { enabled: flag(given, 'enabled') === true, optional: flag(given, 'optional') === true };
  };
  const business = part('business');
  const individual = part('individual');
  return { ...(business ? { business } : {}), ...(individual ? { individual } : {}) };
}

function readCustomField(input: Input): Session['custom_fields'][number] {
  const type = choice(input, 'type', ['dropdown', 'numeric', 'text'] as const) ?? 'text';
  const label = childOrEmpty(input, 'label');
  const inner = childOrEmpty(input, type);
  const base = {
    key: needText(input, 'key'),
    label: { custom: needText(label, 'custom'), type: choice(label, 'type', ['custom'] as const) ?? 'custom' },
    optional: flag(input, 'optional') === true,
    type,
  };
  const default_value = clearable(inner, 'default_value') ?? null;
  if (type === 'dropdown') {
    const options = (children(inner, 'options') ?? []).map((option) => ({
      label: needText(option, 'label'),
      value: needText(option, 'value'),
    }));
    return { ...base, dropdown: { default_value, options, value: null } };
  }
  const lengths = {
    maximum_length: integer(inner, 'maximum_length') ?? null,
    minimum_length: integer(inner, 'minimum_length') ?? null,
  };
  return { ...base, [type]: { default_value, ...lengths, value: null } };
}

/** How the page looks and what it says. */
export function presentationFields(input: Input): Partial<Session> {
  const fields: Partial<Session> = {
    locale: text(input, 'locale') ?? null,
    submit_type: text(input, 'submit_type') ?? null,
    origin_context: text(input, 'origin_context') ?? null,
  };
  const words = child(input, 'custom_text');
  if (words) {
    const part = (name: string): { message: string } | null => {
      const given = child(words, name);
      return given ? { message: needText(given, 'message') } : null;
    };
    fields.custom_text = {
      after_submit: part('after_submit'),
      shipping_address: part('shipping_address'),
      submit: part('submit'),
      terms_of_service_acceptance: part('terms_of_service_acceptance'),
    };
  }
  const expiration = child(input, 'after_expiration');
  const recovery = expiration && child(expiration, 'recovery');
  if (recovery) {
    fields.after_expiration = {
      recovery: {
        allow_promotion_codes: flag(recovery, 'allow_promotion_codes') === true,
        enabled: flag(recovery, 'enabled') === true,
        expires_at: null,
        url: null,
      },
    };
  }
  const permissions = child(input, 'permissions');
  if (permissions && has(permissions, 'update_shipping_details')) {
    fields.permissions = { update_shipping_details: text(permissions, 'update_shipping_details') ?? null };
  }
  const pricing = child(input, 'adaptive_pricing');
  if (pricing) fields.adaptive_pricing = { enabled: flag(pricing, 'enabled') === true };
  const branding = child(input, 'branding_settings');
  if (branding) {
    fields.branding_settings = {
      background_color: text(branding, 'background_color') ?? '#ffffff',
      border_style: text(branding, 'border_style') ?? 'rounded',
      button_color: text(branding, 'button_color') ?? '#0b5cad',
      display_name: text(branding, 'display_name') ?? 'Sandbox shop',
      font_family: text(branding, 'font_family') ?? 'default',
      icon: null,
      logo: null,
    };
  }
  return fields;
}
