import type { Charge, PaymentIntent, PaymentMethod } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { type Refusal, refusalFields } from '../customers/decline.ts';
import { methodSecrets } from '../customers/payment-methods.ts';
import { feeOf, moveMoney } from './balance.ts';

const AUTHORISATION_S = 7 * 86_400;

export interface ChargeFacts {
  status: 'succeeded' | 'pending' | 'failed';
  captured: boolean;
  refusal?: Refusal;
  /** The buyer proved who they are in this payment. */
  authenticated?: boolean;
}

/** One attempt to take money, as it went. Emits nothing: the caller knows the order of events. */
export function newCharge(tx: Tx, intent: PaymentIntent, method: PaymentMethod, facts: ChargeFacts): Charge {
  const id = tx.ids.next(method.type === 'card' ? 'ch_' : 'py_');
  const failed = facts.status === 'failed';
  const fields = facts.refusal ? refusalFields(facts.refusal) : undefined;
  return tx.insert('charge', {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: facts.captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details as Charge['billing_details'],
    calculated_statement_descriptor: (tx.world.options.sellerName ?? 'SANDBOX').toUpperCase().slice(0, 22),
    captured: facts.captured,
    created: tx.now,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: fields?.code ?? null,
    failure_message: fields?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: outcomeOf(tx, method, facts),
    paid: !failed && facts.status === 'succeeded',
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsOf(tx, intent, method, facts),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: failed ? null : `${tx.world.publicUrl}/receipts/${id}`,
    refunded: false,
    review: null,
    shipping: intent.shipping as Charge['shipping'],
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: facts.status,
    transfer_data: null,
    transfer_group: intent.transfer_group,
  });
}

function outcomeOf(tx: Tx, method: PaymentMethod, facts: ChargeFacts): Charge['outcome'] {
  const { behaviour } = methodSecrets(tx, method.id);
  const blocked = behaviour.kind === 'radar_block' || (behaviour.kind === 'risk' && behaviour.level === 'highest');
  const level = blocked ? 'highest' : behaviour.kind === 'risk' ? behaviour.level : 'normal';
  const scores: Record<string, number> = { highest: 95, elevated: 70, normal: 20 };
  const shared = { advice_code: null, network_advice_code: null, network_decline_code: null };
  if (facts.status !== 'failed') {
    return {
      ...shared,
      network_status: 'approved_by_network',
      reason: level === 'elevated' ? 'elevated_risk_level' : null,
      risk_level: level,
      risk_score: scores[level] ?? 20,
      seller_message: 'Payment complete.',
      type: 'authorized',
    };
  }
  return {
    ...shared,
    network_status: blocked ? 'not_sent_to_network' : 'declined_by_network',
    reason: blocked ? 'highest_risk_level' : (facts.refusal?.decline_code ?? facts.refusal?.code ?? null),
    risk_level: level,
    risk_score: scores[level] ?? 20,
    seller_message: blocked ? 'The sandbox blocked this payment as too risky.' : 'The bank declined this payment.',
    type: blocked ? 'blocked' : 'issuer_declined',
  };
}

type CardDetails = NonNullable<NonNullable<Charge['payment_method_details']>['card']>;

function detailsOf(
  tx: Tx,
  intent: PaymentIntent,
  method: PaymentMethod,
  facts: ChargeFacts,
): Charge['payment_method_details'] {
  if (method.card) return { card: cardDetails(tx, intent, method.card, facts), type: 'card' };
  if (method.sepa_debit) {
    const { bank_code, branch_code, country, fingerprint, last4 } = method.sepa_debit;
    return { sepa_debit: { bank_code, branch_code, country, fingerprint, last4, mandate: null }, type: 'sepa_debit' };
  }
  if (method.us_bank_account) {
    const { account_holder_type, account_type, bank_name, fingerprint, last4, routing_number } = method.us_bank_account;
    return {
      type: 'us_bank_account',
      us_bank_account: {
        account_holder_type,
        account_type,
        bank_name,
        fingerprint,
        last4,
        payment_reference: null,
        routing_number,
      },
    };
  }
  return { customer_balance: {}, type: method.type };
}

function cardDetails(
  tx: Tx,
  intent: PaymentIntent,
  card: NonNullable<PaymentMethod['card']>,
  facts: ChargeFacts,
): CardDetails {
  return {
    amount_authorized: facts.status === 'failed' ? null : intent.amount,
    authorization_code: facts.status === 'failed' ? null : intent.id.slice(-6).toUpperCase(),
    brand: card.brand,
    ...(facts.status === 'succeeded' && !facts.captured ? { capture_before: tx.now + AUTHORISATION_S } : {}),
    checks: card.checks,
    country: card.country,
    electronic_commerce_indicator: null,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    extended_authorization: { status: 'disabled' },
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    incremental_authorization: { status: 'unavailable' },
    installments: null,
    last4: card.last4,
    mandate: null,
    multicapture: { status: 'unavailable' },
    network: card.brand,
    network_token: { used: false },
    network_transaction_id: intent.id.slice(-15),
    overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
    regulated_status: 'unregulated',
    three_d_secure: facts.authenticated
      ? {
          authentication_flow: 'challenge',
          electronic_commerce_indicator: '05',
          exemption_indicator: null,
          result: 'authenticated',
          result_reason: null,
          transaction_id: tx.ids.named(`3ds:${intent.id}`, 36),
          version: '2.2.0',
        }
      : null,
    transaction_link_id: null,
    wallet: null,
  };
}

/** Money arrives: the balance line, the private books. `amount` may be less than was authorised. */
export function bookCapture(tx: Tx, charge: Charge, intent: PaymentIntent, amount: number): void {
  const method = charge.payment_method ?? '';
  const fee = feeOf(tx, amount);
  const atOnce = tx.any(method) !== undefined && methodSecrets(tx, method).behaviour.kind === 'bypass_pending';
  const line = moveMoney(tx, {
    amount,
    currency: charge.currency,
    source: charge.id,
    type: charge.id.startsWith('py_') ? 'payment' : 'charge',
    reporting: 'charge',
    fee,
    description: charge.description,
    atOnce,
  });
  tx.patch(charge, { amount_captured: amount, balance_transaction: line.id, captured: true });
  const session = tx.hidden(intent.id).session as string | undefined;
  const owner = session === undefined ? undefined : tx.find('checkout.session', session);
  tx.book({
    kind: 'captured',
    subject: charge.id,
    charge: charge.id,
    currency: charge.currency,
    amount,
    more: {
      fee,
      session: owner?.id ?? null,
      payment_intent: intent.id,
      metadata: intent.metadata,
      session_metadata: owner?.metadata ?? {},
      client_reference_id: owner?.client_reference_id ?? null,
    },
  });
}
