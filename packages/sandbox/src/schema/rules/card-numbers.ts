import { type Refusal, refusal } from '../refusal.ts';

/** Where a program could try to send a card's number or code. */
const CARD_PATHS: readonly (readonly string[])[] = [
  ['card'],
  ['source'],
  ['cvc_update'],
  ['payment_method_data', 'card'],
];
const CARD_FIELDS = ['number', 'cvc'];

/**
 * Raw card data is refused before anything else reads the request, and the refusal repeats none of it: the sandbox
 * never has a number to lose.
 */
export function refuseCardNumber(form: Readonly<Record<string, unknown>>): Refusal | undefined {
  for (const path of CARD_PATHS) {
    const card = path.reduce<unknown>((part, name) => (isFields(part) ? part[name] : undefined), form);
    const field = isFields(card) ? CARD_FIELDS.find((name) => Object.hasOwn(card, name)) : undefined;
    if (field !== undefined) {
      return refusal(
        () => 'The sandbox takes no card data. Use a test method such as pm_card_visa, or card[token]=tok_visa.',
        undefined,
        [...path, field],
      );
    }
  }
  return undefined;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
