import { choicesOf, definition, isAnything, nameOf, resolve } from './definitions.ts';
import type { JsonSchema } from './json-schema.ts';
import { FRACTION_FIELDS } from './rules/field-rules.ts';
import { shown } from './wire-values.ts';

/** How many values of a list a sentence names. */
const SHOWN_VALUES = 12;

/** One thing that is wrong with a reply. `path` is dotted; it is built on the way out, so a good reply costs nothing. */
export interface Violation {
  readonly path: string;
  readonly why: string;
}

/** `undefined` when the value fits. */
export type Check = (value: unknown) => Violation[] | undefined;

type Fields = Readonly<Record<string, unknown>>;

/** Compiled once per named type and process; the names are finite. */
const compiledDefinitions = new Map<string, Check>();

/** What the types cannot say about a value, by the name of its field. */
const FIELD_CHECKS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  livemode: (value) => (value === false ? undefined : 'is false in a sandbox'),
  currency: (value) =>
    typeof value === 'string' && !/^[a-z]{3}$/.test(value) ? 'is a lower-case currency code' : undefined,
};

/** Compiles a reply's schema to a closure; references are compiled when a value first reaches them. */
export function compileCheck(schema: JsonSchema, field: string): Check {
  if (isAnything(schema)) return () => undefined;
  const choices = choicesOf(schema);
  const objects = choices.filter((choice) => isObjectChoice(choice));
  const object = objects.length > 0 ? compileObjectChoices(objects) : undefined;
  const arrays = choices.find(({ type }) => type === 'array');
  const array = arrays?.items && compileArray(arrays.items, field);
  const plain = compilePlain(choices, field);
  const wanted = () => describe(choices, field);
  return (value) => {
    if (Array.isArray(value)) return array ? array(value) : wrong(value, wanted());
    if (typeof value === 'object' && value !== null) return object ? object(value as Fields) : wrong(value, wanted());
    return plain(value) ? undefined : wrong(value, wanted());
  };
}

function compilePlain(choices: readonly JsonSchema[], field: string): (value: unknown) => boolean {
  const values: ReadonlySet<unknown> = new Set(choices.flatMap((choice) => choice.enum ?? []));
  const types = new Set(choices.map(({ type }) => type));
  const texts = choices.filter(({ type }) => type === 'string');
  const isDecimal = texts.length > 0 && texts.every(({ format }) => format === 'decimal');
  const isNumber = FRACTION_FIELDS.has(field) ? Number.isFinite : Number.isSafeInteger;
  return (value) => {
    if (value === null) return types.has('null') || values.has(null);
    if (values.has(value)) return true;
    if (typeof value === 'string') return isDecimal ? /^-?\d+(?:\.\d+)?$/.test(value) : types.has('string');
    if (typeof value === 'number') return types.has('number') && isNumber(value);
    return typeof value === 'boolean' && types.has('boolean');
  };
}

function compileArray(items: JsonSchema, field: string): Check {
  let check: Check | undefined;
  return (value) => {
    check ??= compileCheck(items, field);
    let found: Violation[] | undefined;
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      found = joined(found, String(index), check(item));
    }
    return found;
  };
}

/** Several object types: the value's own `object` and `deleted` say which is meant; if not, the best fit counts. */
function compileObjectChoices(choices: readonly JsonSchema[]): (value: Fields) => Violation[] | undefined {
  const known = choices.map((choice) => {
    const schema = resolve(choice);
    const tag = schema.title ?? schema.properties?.object?.enum?.[0];
    return { tag, isDeleted: schema.properties?.deleted !== undefined, check: compileObject(choice) };
  });
  return (value) => {
    const isDeleted = value.deleted === true;
    const tagged = known.filter(({ tag }) => tag !== undefined && tag === value.object);
    const meant = tagged.length > 1 ? tagged.filter((choice) => choice.isDeleted === isDeleted) : tagged;
    const candidates = meant.length > 0 ? meant : known;
    let best: Violation[] | undefined;
    for (const { check } of candidates) {
      const found = check(value);
      if (!found) return undefined;
      if (!best || found.length < best.length) best = found;
    }
    return best;
  };
}

function compileObject(schema: JsonSchema): Check {
  if (schema.$ref === undefined) return compileFields(schema);
  const name = nameOf(schema.$ref);
  return (value) => {
    let check = compiledDefinitions.get(name);
    if (!check) {
      check = compileFields(definition(name));
      compiledDefinitions.set(name, check);
    }
    return check(value);
  };
}

function compileFields(schema: JsonSchema): Check {
  if (schema.not) return () => [{ path: '', why: `is a ${schema.title ?? 'value'}, which the sandbox does not serve` }];
  const { properties = {}, required = [], additionalProperties } = schema;
  const fields = new Map(Object.entries(properties).map(([name, part]) => [name, compileField(part, name)]));
  const others = additionalProperties ? compileCheck(additionalProperties, '') : undefined;
  return (value) => {
    const given = value as Fields;
    let found: Violation[] | undefined;
    for (const name of Object.keys(given)) {
      // An absent field and an undefined one are the same reply: JSON has no undefined.
      if (given[name] === undefined) continue;
      const check = fields.get(name) ?? others;
      found = joined(found, name, check ? check(given[name]) : [{ path: '', why: 'is no field of this object' }]);
    }
    for (const name of required) {
      if (given[name] === undefined) found = joined(found, name, [{ path: '', why: 'is missing' }]);
    }
    return found;
  };
}

function compileField(schema: JsonSchema, name: string): Check {
  const extra = FIELD_CHECKS[name];
  let check: Check | undefined;
  return (value) => {
    check ??= compileCheck(schema, name);
    const why = extra?.(value);
    return check(value) ?? (why === undefined ? undefined : [{ path: '', why }]);
  };
}

/** Adds what a part found under its name to what the whole found. */
export function joined(
  found: Violation[] | undefined,
  name: string,
  part: readonly Violation[] | undefined,
): Violation[] | undefined {
  if (!part) return found;
  const named = part.map(({ path, why }) => ({ path: path === '' ? name : `${name}.${path}`, why }));
  return found ? [...found, ...named] : named;
}

export function wrong(value: unknown, wanted: string): Violation[] {
  return [{ path: '', why: `is ${kindOf(value)}, not ${wanted}` }];
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return `the text ${shown(value)}`;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return 'a fraction';
  return typeof value;
}

function describe(choices: readonly JsonSchema[], field: string): string {
  const number = FRACTION_FIELDS.has(field) ? 'number' : 'integer';
  const words = choices.flatMap((choice) => {
    if (choice.enum) return [oneOf(choice.enum)];
    if (choice.format) return [choice.format];
    if (choice.type === 'number') return [number];
    if (choice.$ref !== undefined) return [nameOf(choice.$ref)];
    return choice.type ? [String(choice.type)] : [];
  });
  return words.join(' or ');
}

function oneOf(values: readonly unknown[]): string {
  const more = values.length - SHOWN_VALUES;
  return `one of ${values.slice(0, SHOWN_VALUES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function isObjectChoice(choice: JsonSchema): boolean {
  const { type, not } = resolve(choice);
  return type === 'object' || not !== undefined;
}
