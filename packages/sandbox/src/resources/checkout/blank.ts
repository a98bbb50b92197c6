import type { Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';

/** The two decisions that shape everything else of a session. */
export interface Way {
  ui_mode: 'hosted_page' | 'embedded_page' | 'elements';
  mode: 'payment' | 'setup';
}

/** A session in which nothing is said yet but what it is. */
export function blankSession(tx: Tx, id: string, way: Way): Session {
  const embedded = way.ui_mode !== 'hosted_page';
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: way.mode === 'payment' ? { enabled: false } : null,
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: null,
    amount_total: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: null,
    client_reference_id: null,
    client_secret: embedded ? `${id}_secret_${tx.ids.secret(36)}` : null,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: null,
    consent_collection: null,
    created: tx.now,
    currency: null,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: null,
    customer_account: null,
    customer_creation: null,
    customer_details: null,
    customer_email: null,
    discounts: [],
    expires_at: 0,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: {},
    mode: way.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: way.mode === 'payment' ? 'if_required' : 'always',
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
    payment_method_types: ['card'],
    payment_status: way.mode === 'setup' ? 'no_payment_required' : 'unpaid',
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: null,
    total_details: null,
    ui_mode: way.ui_mode,
    url: embedded ? null : `${tx.world.publicUrl}/c/pay/${id}`,
    wallet_options: null,
  };
}
