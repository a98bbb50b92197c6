import { choicesOf, own, resolve } from './definitions.ts';
import type { JsonSchema } from './json-schema.ts';

/**
 * The parameters of an operation, with one thing added that the types do not say: in an update the empty string
 * unsets plain text that the object may lack. Stripe reads an empty value as the wish to unset
 * (docs.stripe.com/error-codes, parameter_invalid_empty); the types of its client mark only some of these fields. An
 * id, which can be expanded in the object, is not plain text and cannot be unset this way.
 * @param operation normal form, with `:id`
 */
export function withUnsettable(operation: string, params: JsonSchema, reply: JsonSchema): JsonSchema {
  const isUpdate = operation.startsWith('POST ') && operation.endsWith('/:id');
  const schema = resolve(params);
  if (!isUpdate || !schema.properties) return params;
  const fields = resolve(reply).properties;
  const entries = Object.entries(schema.properties).map(([name, part]): [string, JsonSchema] => {
    const isUnsettable = isPlainText(part) && mayLackText(own(fields, name));
    return [name, isUnsettable ? { type: ['string', 'null'] } : part];
  });
  return { ...schema, properties: Object.fromEntries(entries) };
}

function isPlainText(schema: JsonSchema): boolean {
  return schema.type === 'string' && schema.format === undefined;
}

function mayLackText(field: JsonSchema | undefined): boolean {
  const choices = field ? choicesOf(field) : [];
  return choices.some(({ type }) => type === 'null') && choices.every(isTextOrNull);
}

function isTextOrNull({ $ref, enum: values, type }: JsonSchema): boolean {
  return !$ref && !values && (type === 'string' || type === 'null');
}
