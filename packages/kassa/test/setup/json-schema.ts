/** A JSON document of unknown shape, looked into by name. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a reference of one document leads to. @throws Error when it leads nowhere. */
export function follow(document: JsonObject, ref: string): JsonObject {
  let at: Json | undefined = document;
  for (const part of ref.replace(/^#\//, '').split('/')) {
    at = isObject(at) ? at[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  if (!ref.startsWith('#/') || !isObject(at)) throw new Error(`${ref} leads nowhere`);
  return at;
}

/** The words of JSON Schema 2020-12 that our documents use. A word that is not here would be looked past. */
export const KNOWN_WORDS = new Set([
  ...['$ref', 'type', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'propertyNames'],
  ...['items', 'minItems', 'maxItems', 'minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'anyOf', 'oneOf', 'allOf'],
  ...['description', 'example', 'examples', 'default', 'title', 'deprecated'],
]);

/** Where a value does not fit its schema, as sentences; none when it fits. */
export function misfits(document: JsonObject, schema: JsonObject, value: unknown, at = '$'): string[] {
  const inside = (part: Json, of: unknown = value, where = at): string[] =>
    isObject(part) ? misfits(document, part, of, where) : [];
  const { $ref, anyOf, oneOf, allOf, type } = schema;
  if (typeof $ref === 'string') return misfits(document, follow(document, $ref), value, at);
  const found = [...listOf(allOf).flatMap((part) => inside(part))];
  for (const choices of [anyOf, oneOf]) {
    if (choices !== undefined && !listOf(choices).some((part) => inside(part).length === 0)) {
      found.push(`${at} fits none of its choices`);
    }
  }
  if (type !== undefined && !listOf(type).some((name) => isOf(String(name), value))) {
    return [...found, `${at} is ${JSON.stringify(value)?.slice(0, 80)}, no ${JSON.stringify(type)}`];
  }
  if ('const' in schema && value !== schema.const) found.push(`${at} is not ${JSON.stringify(schema.const)}`);
  if (schema.enum !== undefined && !listOf(schema.enum).includes(value as Json)) {
    found.push(`${at} is ${JSON.stringify(value)}, none of ${JSON.stringify(schema.enum)}`);
  }
  if (typeof value === 'string') found.push(...ofText(schema, value, at));
  if (typeof value === 'number') found.push(...ofNumber(schema, value, at));
  for (const [index, one] of Array.isArray(value) ? value.entries() : []) {
    found.push(...inside(schema.items ?? {}, one, `${at}.${index}`));
  }
  if (isObject(value)) found.push(...ofObject(schema, value, at, inside));
  return found;
}

function listOf(value: Json | undefined): readonly Json[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as Json];
}

function isOf(name: string, value: unknown): boolean {
  if (name === 'null') return value === null;
  if (name === 'array') return Array.isArray(value);
  if (name === 'object') return isObject(value);
  if (name === 'integer') return Number.isInteger(value);
  return typeof value === name;
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  email: /^[^\s@]+@[^\s@]+$/,
  uri: /^[a-z][a-z0-9+.-]*:/i,
};

function ofText({ minLength, maxLength, pattern, format }: JsonObject, value: string, at: string): string[] {
  const length = [...value].length;
  const form = typeof format === 'string' ? FORMATS[format] : undefined;
  return [
    ...(typeof minLength === 'number' && length < minLength ? [`${at} is shorter than ${minLength}`] : []),
    ...(typeof maxLength === 'number' && length > maxLength ? [`${at} is longer than ${maxLength}`] : []),
    ...(typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)
      ? [`${at} does not match ${pattern}`]
      : []),
    ...(form && !form.test(value) ? [`${at} is ${JSON.stringify(value)}, no ${format}`] : []),
  ];
}

function ofNumber({ minimum, maximum }: JsonObject, value: number, at: string): string[] {
  return [
    ...(typeof minimum === 'number' && value < minimum ? [`${at} is less than ${minimum}`] : []),
    ...(typeof maximum === 'number' && value > maximum ? [`${at} is more than ${maximum}`] : []),
  ];
}

type Inside = (part: Json, of: unknown, where: string) => string[];

function ofObject(
  { properties, required, additionalProperties }: JsonObject,
  value: JsonObject,
  at: string,
  inside: Inside,
) {
  const named = isObject(properties) ? properties : {};
  const found = listOf(required).flatMap((name) => (String(name) in value ? [] : [`${at}.${name} is missing`]));
  for (const [name, one] of Object.entries(value)) {
    const schema = Object.hasOwn(named, name) ? named[name] : additionalProperties;
    if (schema === false) found.push(`${at}.${name} is not in the document`);
    else if (schema !== undefined) found.push(...inside(schema, one, `${at}.${name}`));
  }
  return found;
}
