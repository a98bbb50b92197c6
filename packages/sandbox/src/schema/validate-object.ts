import { operationSchemas } from './coerce-request.ts';
import { choicesOf, definition, own, resolve, surface } from './definitions.ts';
import type { JsonSchema } from './json-schema.ts';
import { type Check, compileCheck, joined, type Violation, wrong } from './validate.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Codes that Stripe's changelog names and the union of codes in the types lacks. */
const CODES_BEYOND_THE_TYPES: ReadonlySet<unknown> = new Set(['payment_method_types_no_longer_supported']);

/** Compiled once per name and process. */
const checks = new Map<string, Check>();

/**
 * Checks a reply, or a part of one, against the generated types: every field known, every required field there,
 * every enum closed. Objects inside (list items, expanded fields, the object of an event) are checked too.
 * @param name the value of `object`, such as `checkout.session`; or `error` for the whole body `{ error: … }`;
 *   `list` and `search_result` check each item by its own `object`
 * @returns one sentence per violation, beginning with its dotted path; empty when the value is valid
 * @throws Error for a name that the sandbox does not serve
 */
export function validateObject(name: string, value: unknown): string[] {
  return sentences(checkOf(name)(value));
}

/**
 * Checks a whole reply by what the method's type says that it answers. Failures are checked as `error`.
 * @param operation verb and path template, as for `coerceRequest`
 * @throws Error when the operation is unknown
 */
export function validateReply(operation: string, status: number, body: unknown): string[] {
  if (status >= 400) return validateObject('error', body);
  const schemas = operationSchemas(operation);
  if (!schemas) throw new Error(`There is no schema for ${operation}.`);
  const key = `reply of ${operation}`;
  const check = checks.get(key) ?? compileCheck(schemas.reply, '');
  checks.set(key, check);
  return sentences(joined(check(body) ?? undefined, 'data', eventItems(body)) ?? eventOf(body));
}

function checkOf(name: string): Check {
  const known = checks.get(name);
  if (known) return known;
  const fresh = SPECIAL[name] ?? objectCheck(name);
  checks.set(name, fresh);
  return fresh;
}

const SPECIAL: Readonly<Record<string, Check>> = {
  error: checkErrorBody,
  event: checkEvent,
  list: (value) => checkEnvelope('list', value),
  search_result: (value) => checkEnvelope('search_result', value),
};

function objectCheck(name: string): Check {
  const names = own(surface().objects, name);
  if (!names) throw new Error(`The sandbox serves no object named ${name}.`);
  return compileCheck({ anyOf: names.map((definitionName) => ({ $ref: `#/$defs/${definitionName}` })) }, '');
}

/** The generated type of an event says nothing of its object; its `type` does. */
function checkEvent(value: unknown): Violation[] | undefined {
  const shape = objectCheckOnce('event')(value);
  if (shape || !isFields(value) || !isFields(value.data)) return shape;
  const type = String(value.type);
  const schema = own(surface().events, type);
  if (!schema) return [{ path: 'type', why: 'is an event whose object the sandbox does not serve' }];
  const { object, previous_attributes: previous } = value.data;
  const found = joined(undefined, 'data.object', onceFor(`event ${type}`, () => compileCheck(schema, ''))(object));
  if (previous === undefined) return found;
  const check = onceFor(`previous of ${type}`, () => compilePrevious(schema));
  return joined(found, 'data.previous_attributes', check(previous));
}

/** Old values of some fields: each must be a field of the object; null says that it had none before. */
function compilePrevious(schema: JsonSchema): Check {
  const fields = new Map<string, Check>();
  for (const choice of choicesOf(schema)) {
    for (const [name, part] of Object.entries(resolve(choice).properties ?? {})) {
      fields.set(name, compileCheck(part, name));
    }
  }
  return (previous) => {
    if (!isFields(previous)) return wrong(previous, 'object');
    let found: Violation[] | undefined;
    for (const [name, value] of Object.entries(previous)) {
      const check = fields.get(name);
      if (!check) found = joined(found, name, [{ path: '', why: 'is no field of this object' }]);
      // A changed hash holds only its changed keys, so only plain values can be checked by the field's own type.
      else if (value !== null && !isFields(value)) found = joined(found, name, check(value));
    }
    return found;
  };
}

function checkErrorBody(value: unknown): Violation[] | undefined {
  const check = onceFor('error body', () =>
    compileCheck(
      { type: 'object', properties: { error: surface().error }, required: ['error'], additionalProperties: false },
      '',
    ),
  );
  const shape = check(value);
  const error = isFields(value) ? value.error : undefined;
  if (shape || !isFields(error) || error.code === undefined || CODES_BEYOND_THE_TYPES.has(error.code)) return shape;
  const codes = onceFor('error code', () => compileCheck(errorCodes(), 'code'));
  return joined(undefined, 'error.code', codes(error.code));
}

/** The body's own type leaves the code open; the union of all codes stands at a PaymentIntent's last error. */
function errorCodes(): JsonSchema {
  const field = definition('PaymentIntent').properties?.last_payment_error;
  const code = field && choicesOf(field).map((choice) => resolve(choice).properties?.code);
  const known = code?.find((schema) => schema !== undefined);
  if (!known) throw new Error('The generated schemas name no error codes. Run: npm run schemas.');
  return known;
}

function checkEnvelope(name: string, value: unknown): Violation[] | undefined {
  const shape = onceFor(`envelope ${name}`, () => compileCheck(envelope(name), ''))(value);
  if (shape || !isFields(value) || !Array.isArray(value.data)) return shape;
  let found: Violation[] | undefined;
  for (const [index, item] of value.data.entries()) {
    const kind = isFields(item) ? String(item.object) : '';
    const known = own(surface().objects, kind) !== undefined;
    found = joined(found, `data.${index}`, known ? checkOf(kind)(item) : [{ path: 'object', why: 'is unknown' }]);
  }
  return found;
}

function envelope(name: string): JsonSchema {
  const properties: Record<string, JsonSchema> = {
    object: { enum: [name] },
    data: { type: 'array', items: {} },
    has_more: { type: 'boolean' },
    url: { type: 'string' },
  };
  const required = Object.keys(properties);
  if (name === 'list') return { type: 'object', properties, required, additionalProperties: false };
  const paged = { ...properties, next_page: { type: ['string', 'null'] }, total_count: { type: 'number' } } as const;
  return { type: 'object', properties: paged, required: [...required, 'next_page'], additionalProperties: false };
}

/** Events inside a list reply, checked by their types as well as by their common shape. */
function eventItems(body: unknown): Violation[] | undefined {
  if (!isFields(body) || !Array.isArray(body.data)) return undefined;
  let found: Violation[] | undefined;
  for (const [index, item] of body.data.entries()) found = joined(found, String(index), eventOf(item));
  return found;
}

function eventOf(body: unknown): Violation[] | undefined {
  return isFields(body) && body.object === 'event' ? checkEvent(body) : undefined;
}

function objectCheckOnce(name: string): Check {
  return onceFor(`object ${name}`, () => objectCheck(name));
}

function onceFor(key: string, make: () => Check): Check {
  const check = checks.get(key) ?? make();
  checks.set(key, check);
  return check;
}

function sentences(found: readonly Violation[] | undefined): string[] {
  return (found ?? []).map(({ path, why }) => `${path === '' ? 'the value' : path} ${why}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
