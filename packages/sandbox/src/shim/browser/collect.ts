// Turning what stands in an element into an object of the API: payment method, confirmation token, card token.
import { insideOf, isElement } from './element.ts';
import { groupOf, isRecord } from './elements.ts';
import { integrationError, type Params, type Wire } from './wire.ts';

type Result = { error: unknown } | { [name: string]: unknown };

/** `createPaymentMethod({ elements, params })` or `createPaymentMethod({ type, card, billing_details })`. */
export async function createPaymentMethod(wire: Wire, options: Record<string, unknown>): Promise<Result> {
  const fromGroup = 'elements' in options;
  const card = fromGroup
    ? groupOf(options.elements).find('payment')
    : isElement(options.card)
      ? insideOf(options.card)
      : undefined;
  const extra = fromGroup ? options.params : options;
  if (card) {
    const billing_details = isRecord(extra) ? extra.billing_details : undefined;
    const answer = await card.ask('method', { billing_details });
    return answer.error ? { error: answer.error } : { paymentMethod: answer.value };
  }
  const made = await wire.post('/v1/payment_methods', options as Params);
  return made.error ? { error: made.error } : { paymentMethod: made.value };
}

/** `createConfirmationToken({ elements, params })`. */
export async function createConfirmationToken(wire: Wire, options: Record<string, unknown>): Promise<Result> {
  const group = groupOf(options.elements);
  const params = isRecord(options.params) ? options.params : {};
  const inside = group.find('payment') ?? group.find('card');
  if (!inside) throw integrationError('There is no payment element in this group. Create and mount one first.');
  const data = isRecord(params.payment_method_data) ? params.payment_method_data : {};
  const method = await inside.ask('method', data);
  if (method.error) return { error: method.error };
  const { payment_method_data: _filled, ...rest } = params;
  const made = await wire.post('/v1/confirmation_tokens', {
    ...(rest as Params),
    payment_method: String(method.value.id),
  });
  return made.error ? { error: made.error } : { confirmationToken: made.value };
}

/** `createToken(cardElement)`. The token is the magic one of the same test card. */
export async function createToken(element: unknown): Promise<Result> {
  const answer = await insideOf(element).ask('token');
  return answer.error ? { error: answer.error } : { token: answer.value };
}
