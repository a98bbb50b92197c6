import { operationSchemas } from './coerce-request.ts';
import { choicesOf, own, resolve, surface } from './definitions.ts';
import type { JsonSchema } from './json-schema.ts';
import type { RequestProblem } from './refusal.ts';

/** docs.stripe.com/api/expanding_objects: a path has at most four steps; the `data` of a list counts as one. */
const DEPTH = 4;

/**
 * Fields that stay out of a reply until they are expanded, although no type says so; lists that may be absent are
 * found by their type. Dotted places inside the object.
 */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  coupon: ['applies_to', 'currency_options'],
  customer: ['cash_balance', 'invoice_credit_balance', 'tax'],
  invoice: ['confirmation_secret'],
  price: ['currency_options', 'tiers'],
  promotion_code: ['restrictions.currency_options'],
  shipping_rate: ['fixed_amount.currency_options'],
};

/** Compiled once per object name. */
const known = new Map<string, ReadonlyMap<string, readonly string[]>>();

/**
 * The fields of an object that `expand` may name: dotted path inside the object -> the names of the objects that the
 * id can become, or an empty list for a part that is hidden until it is expanded. A path ends where another resource
 * begins, expanded or embedded: ask again with the value of its `object`.
 * @throws Error for a name that the sandbox does not serve
 */
export function expandablePaths(objectName: string): ReadonlyMap<string, readonly string[]> {
  const done = known.get(objectName);
  if (done) return done;
  const names = own(surface().objects, objectName);
  if (!names) throw new Error(`The sandbox serves no object named ${objectName}.`);
  const found = new Map<string, readonly string[]>();
  for (const name of names) collect({ $ref: `#/$defs/${name}` }, [], found);
  for (const path of own(HIDDEN, objectName) ?? []) found.set(path, []);
  known.set(objectName, found);
  return found;
}

/** The first of the wanted paths that cannot be expanded in the reply of an operation, as a problem with `expand`. */
export function expandProblem(operation: string, paths: readonly string[]): RequestProblem | undefined {
  const reply = operationSchemas(operation)?.reply;
  if (!reply) return undefined;
  for (const [index, path] of paths.entries()) {
    const why = refusedPath(reply, path);
    if (why) return { message: `${path} cannot be expanded: ${why}.`, param: `expand[${index}]` };
  }
  return undefined;
}

function refusedPath(reply: JsonSchema, path: string): string | undefined {
  const steps = path.split('.');
  if (steps.length > DEPTH) return `a path has at most ${DEPTH} steps`;
  const isList = pageOf(reply) !== undefined;
  if (isList && path === 'total_count') return undefined;
  if (isList && steps.shift() !== 'data') return 'in a list, a path begins with data';
  if (steps.length === 0) return 'name a field after data';
  return walk([pageOf(reply) ?? reply], steps);
}

/** Follows a path through all types that a field may have; the last step must be a field that can be expanded. */
function walk(start: readonly JsonSchema[], steps: readonly string[]): string | undefined {
  let places = start.flatMap(choicesOf);
  let isExpandable = false;
  for (const step of steps) {
    isExpandable = places.some((place) => expands(place, step));
    places = places.flatMap((place) => fieldChoices(place, step));
    if (places.length === 0) return `there is no field ${step} there`;
  }
  return isExpandable ? undefined : 'the field is always included, or is not an object';
}

function expands(place: JsonSchema, step: string): boolean {
  const schema = resolve(place);
  const field = own(schema.properties, step);
  if (!field) return false;
  const name = schema.properties?.object?.enum?.[0];
  if (typeof name === 'string' && own(HIDDEN, name)?.includes(step)) return true;
  // `restrictions.currency_options` is hidden inside a part that has no name of its own.
  if (step === 'currency_options' && name === undefined) return true;
  return becomes(field) !== undefined || isHiddenList(schema, step, field);
}

/** All choices of a field, seen through lists of values: `discounts.coupon` needs no index. */
function fieldChoices(place: JsonSchema, step: string): JsonSchema[] {
  const field = own(resolve(place).properties, step);
  if (!field) return [];
  return choicesOf(field).flatMap((choice) =>
    choice.type === 'array' && choice.items ? choicesOf(choice.items) : [choice],
  );
}

function collect(schema: JsonSchema, path: readonly string[], found: Map<string, readonly string[]>): void {
  const target = resolve(schema);
  for (const [name, field] of Object.entries(target.properties ?? {})) {
    const here = [...path, name];
    const names = becomes(field);
    if (names) found.set(here.join('.'), names);
    else if (isHiddenList(target, name, field)) found.set(here.join('.'), []);
    else if (here.length < DEPTH) {
      const inner = fieldChoices(schema, name).filter((choice) => objectName(choice) === undefined);
      for (const choice of inner) collect(choice, here, found);
    }
  }
}

/** The objects that an id can become; nothing when the field is not a union of an id and objects. */
function becomes(field: JsonSchema): readonly string[] | undefined {
  const choices = choicesOf(field).flatMap((choice) =>
    choice.type === 'array' && choice.items ? choicesOf(choice.items) : [choice],
  );
  const names = choices.map(objectName).filter((name) => name !== undefined);
  return names.length > 0 && choices.some(({ type }) => type === 'string') ? [...new Set(names)] : undefined;
}

function objectName(choice: JsonSchema): string | undefined {
  const { title, properties } = resolve(choice);
  const tag = properties?.object?.enum?.[0];
  return title ?? (typeof tag === 'string' ? tag : undefined);
}

/** `line_items` of a session: a list that the type allows to be absent. */
function isHiddenList(schema: JsonSchema, name: string, field: JsonSchema): boolean {
  const isOptional = !schema.required?.includes(name);
  return isOptional && choicesOf(field).some((choice) => pageOf(choice) !== undefined);
}

/** The items of a list envelope. */
function pageOf(schema: JsonSchema): JsonSchema | undefined {
  const { properties } = resolve(schema);
  const tag = properties?.object?.enum?.[0];
  return tag === 'list' || tag === 'search_result' ? properties?.data?.items : undefined;
}
