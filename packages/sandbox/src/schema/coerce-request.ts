import { CLI_OPERATIONS } from './cli-operations.ts';
import { type Coerce, compileCoercion } from './coerce.ts';
import { own, surface } from './definitions.ts';
import type { JsonSchema } from './json-schema.ts';
import { problemOf, type Refusal, type RequestProblem, type Verdict } from './refusal.ts';
import { refuseCardNumber } from './rules/card-numbers.ts';
import { type RemovedParameter, removedParameters } from './rules/removed-parameters.ts';
import { requestRule } from './rules/request-rules.ts';
import type { Fields, Rule } from './rules/rule-kinds.ts';
import { withUnsettable } from './unsettable.ts';

export interface CoerceOptions {
  /** The profile for callers that name no API version, such as Stripe's command line tool. */
  readonly lenient?: boolean;
  /** The call comes from a browser with a publishable key: it proves itself by parameters that no type knows. */
  readonly client?: boolean;
}

export type CoercedRequest =
  | { readonly params: Record<string, unknown>; readonly lenient: readonly string[] }
  | { readonly problem: RequestProblem };

interface CompiledOperation {
  readonly coerce: Coerce;
  readonly rule: Rule | undefined;
  readonly removed: readonly RemovedParameter[];
}

const NO_PARAMS: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };
/** What a browser sends beside the parameters of the call. */
const CLIENT_PARAMETERS = ['client_secret', 'key'];
const NOTHING_LENIENT: readonly string[] = [];

/** What Stripe.js calls for a page, where the server's client has a call of its own with the same result. */
const TWINS: Readonly<Record<string, string>> = {
  'POST /v1/confirmation_tokens': 'POST /v1/test_helpers/confirmation_tokens',
};

/** By the operation as the caller writes it: a router has few ways to write its few templates. */
const compiled = new Map<string, CompiledOperation>();

/** `GET /v1/customers/:customer` and `GET /v1/customers/{id}` -> `GET /v1/customers/:id`. */
export function normalOperation(operation: string): string {
  return operation.replaceAll(/\/(?::\w+|\{\w+\})/g, '/:id');
}

/** The schemas of an operation, or nothing when neither the stripe package nor Stripe's command line tool calls it. */
export function operationSchemas(operation: string): { params?: JsonSchema; reply: JsonSchema } | undefined {
  const written = normalOperation(operation);
  const normal = own(TWINS, written) ?? written;
  return own(surface().operations, normal) ?? own(CLI_OPERATIONS, normal);
}

export function hasOperation(operation: string): boolean {
  return compiledOperation(operation) !== undefined;
}

/**
 * Turns a parsed form, whose values are all text, into typed parameters, and checks all that can be said about them
 * without a store and a clock. Null in the result means that the caller unsets a field.
 * @param operation verb and path template, `POST /v1/checkout/sessions`; parameter segments may have any name
 * @param rawForm nested objects and lists of strings
 * @throws Error when the operation is unknown; ask `hasOperation` first
 */
export function coerceRequest(
  operation: string,
  rawForm: Readonly<Record<string, unknown>>,
  options: CoerceOptions = {},
): CoercedRequest {
  const found = compiledOperation(operation);
  if (!found) throw new Error(`There is no schema for ${operation}.`);
  const cardNumber = operation.startsWith('POST ') ? refuseCardNumber(rawForm) : undefined;
  if (cardNumber) return { problem: problemOf(cardNumber) };
  const verdict: Verdict = { refusal: undefined };
  const client = options.client ? takeClientParameters(rawForm) : undefined;
  const form = client?.form ?? rawForm;
  const old = takeRemoved(found.removed, form, options.lenient === true, verdict);
  if (verdict.refusal) return { problem: problemOf(verdict.refusal) };
  const params = found.coerce(old?.form ?? form, verdict) as Record<string, unknown>;
  const refused = verdict.refusal ?? found.rule?.(params);
  if (refused) return { problem: problemOf(refused) };
  const isPlain = !old && !client;
  return {
    params: isPlain ? params : { ...params, ...old?.added, ...client?.added },
    lenient: old?.names ?? NOTHING_LENIENT,
  };
}

/** The problem of a request, for callers that keep the form as it is. */
export function validateRequest(
  operation: string,
  rawForm: Readonly<Record<string, unknown>>,
  options: CoerceOptions = {},
): RequestProblem | undefined {
  const result = coerceRequest(operation, rawForm, options);
  return 'problem' in result ? result.problem : undefined;
}

function compiledOperation(operation: string): CompiledOperation | undefined {
  const known = compiled.get(operation);
  if (known) return known;
  const schemas = operationSchemas(operation);
  if (!schemas) return undefined;
  const normal = normalOperation(operation);
  const fresh = {
    coerce: compileCoercion(withUnsettable(normal, schemas.params ?? NO_PARAMS, schemas.reply), ''),
    rule: requestRule(normal),
    removed: removedParameters(normal),
  };
  compiled.set(operation, fresh);
  return fresh;
}

/**
 * Splits off what only a browser sends: what proves its right to the call, and a card behind a token, which the types
 * of the server's client do not know either. Anything of another shape is left for the schema to refuse.
 */
function takeClientParameters(form: Fields): { form: Fields; added: Record<string, unknown> } {
  const isOwn = ([name, value]: [string, unknown]) =>
    (CLIENT_PARAMETERS.includes(name) && typeof value === 'string' && value !== '') ||
    (name === 'payment_method_data' && isTokenCard(value));
  const entries = Object.entries(form);
  return {
    form: Object.fromEntries(entries.filter((entry) => !isOwn(entry))),
    added: Object.fromEntries(entries.filter(isOwn)),
  };
}

const CARD_PARTS = ['type', 'card', 'billing_details', 'allow_redisplay', 'metadata'];

function isTokenCard(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { type, card } = value as Fields;
  if (type !== 'card' || typeof card !== 'object' || card === null) return false;
  const isToken = Object.keys(card).join() === 'token' && typeof (card as Fields).token === 'string';
  return isToken && Object.keys(value).every((name) => CARD_PARTS.includes(name));
}

/** The form without its removed parameters, and what they add to the result after the form is coerced. */
interface SplitForm {
  readonly form: Fields;
  readonly added: Record<string, unknown>;
  readonly names: readonly string[];
}

/** Removed parameters are refused in the strict profile and read in their old sense in the lenient one. */
function takeRemoved(
  removed: readonly RemovedParameter[],
  form: Fields,
  lenient: boolean,
  verdict: Verdict,
): SplitForm | undefined {
  const given = removed.filter(({ name }) => form[name] !== undefined);
  if (given.length === 0) return undefined;
  let rest: Record<string, unknown> = { ...form };
  const added: Record<string, unknown> = {};
  for (const { name, lenient: reading, refused } of given) {
    const value = rest[name];
    delete rest[name];
    if (!lenient || !reading) verdict.refusal = refused();
    else if ('rewrite' in reading) rest = { ...rest, ...reading.rewrite(value) };
    else {
      added[name] = compileCoercion(reading.keep, name)(value, verdict);
      (verdict as { refusal?: Refusal }).refusal?.path.unshift(name);
    }
    if (verdict.refusal) return undefined;
  }
  return { form: rest, added, names: given.map(({ name }) => name) };
}
