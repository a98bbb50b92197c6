import { choicesOf, definition, isAnything, nameOf, resolve } from './definitions.ts';
import type { JsonSchema } from './json-schema.ts';
import { emptyParameter, missingParameter, refusal, unknownParameter, type Verdict } from './refusal.ts';
import { FRACTION_FIELDS, fieldRule } from './rules/field-rules.ts';
import { type ReadText, readBoolean, readDecimal, readEnum, readFraction, readInteger } from './wire-values.ts';

/** Turns a part of the parsed form into typed values, or leaves a refusal in the verdict and answers undefined. */
export type Coerce = (value: unknown, verdict: Verdict) => unknown;

type Fields = Readonly<Record<string, unknown>>;

/** Names that would reach an object's prototype. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Compiled once per named type and process; the names are finite. */
const compiledObjects = new Map<string, Coerce>();

/**
 * Compiles a parameter's schema to a closure. References are compiled when a request first reaches them, so a call
 * pays for the parameters that it uses. `field` is the parameter's name; the hand rules go by it.
 */
export function compileCoercion(schema: JsonSchema, field: string): Coerce {
  if (isAnything(schema)) return (value) => value;
  const choices = choicesOf(schema);
  const text = compileText(choices, field);
  const object = compileObjects(choices.filter(isObject), field);
  const arrays = choices.find((choice) => choice.type === 'array');
  const array = arrays?.items && compileArray(arrays.items, field);
  const isMap = choices.some((choice) => isObject(choice) && resolve(choice).properties === undefined);
  const unsets = isMap || choices.some((choice) => choice.type === 'null' || choice.enum?.includes(null));
  return (value, verdict) => {
    if (value === '') {
      // On this wire the empty string is null; where null means nothing, it is a mistake.
      if (!unsets) verdict.refusal = emptyParameter();
      return unsets ? null : undefined;
    }
    if (typeof value === 'string') {
      if (text) return text(value, verdict);
      // A repeated name that came only once is a list of one.
      if (array) return array([value], verdict);
    } else if (Array.isArray(value)) {
      if (array) return array(value, verdict);
    } else if (typeof value === 'object' && value !== null) {
      if (object) return object(value as Fields, verdict);
      if (array && hasIndexKeys(value)) return array(inOrder(value), verdict);
    }
    verdict.refusal = refusal((param) => `${param} must be ${expected(!!text, !!array, !!object)}.`);
    return undefined;
  };
}

/** The reader of a parameter that is written as plain text, if any choice is. */
function compileText(choices: readonly JsonSchema[], field: string): ReadText | undefined {
  const types = new Set(choices.map(({ type }) => type));
  const values = choices.flatMap((choice) => choice.enum ?? []).filter((value) => value !== null);
  // Free text accepts everything, so it wins over the other choices: metadata stays text even if it looks like 12.
  if (types.has('string')) {
    return choices.some((choice) => choice.type === 'string' && choice.format === undefined)
      ? (text) => text
      : readDecimal;
  }
  const readNumber = FRACTION_FIELDS.has(field) ? readFraction : readInteger;
  const other = (types.has('boolean') && readBoolean) || (types.has('number') && readNumber) || undefined;
  if (values.length === 0) return other;
  const named = readEnum(values);
  if (!other) return named;
  const words = new Set(values.map(String));
  return (text, verdict) => (words.has(text) ? named(text, verdict) : other(text, verdict));
}

function compileArray(items: JsonSchema, field: string): (value: readonly unknown[], verdict: Verdict) => unknown {
  let item: Coerce | undefined;
  return (value, verdict) => {
    item ??= compileCoercion(items, field);
    const result: unknown[] = [];
    for (let index = 0; index < value.length; index += 1) {
      result.push(item(value[index], verdict));
      if (verdict.refusal) {
        verdict.refusal.path.unshift(String(index));
        return undefined;
      }
    }
    return result;
  };
}

/** No parameter of Stripe's may be one of several objects; if one ever is, this must learn how to tell them apart. */
function compileObjects(
  choices: readonly JsonSchema[],
  field: string,
): ((value: Fields, verdict: Verdict) => unknown) | undefined {
  const [only, ...others] = choices;
  if (others.length > 0) throw new Error(`The parameter ${field} may be one of several objects; no rule says which.`);
  return only && compileObject(only);
}

function compileObject(schema: JsonSchema): (value: Fields, verdict: Verdict) => unknown {
  if (schema.$ref === undefined) return compileFields(schema);
  const name = nameOf(schema.$ref);
  return (value, verdict) => {
    let compiled = compiledObjects.get(name);
    if (!compiled) {
      const fields = compileFields(definition(name));
      compiled = (given, inner) => fields(given as Fields, inner);
      compiledObjects.set(name, compiled);
    }
    return compiled(value, verdict);
  };
}

function compileFields(schema: JsonSchema): (value: Fields, verdict: Verdict) => unknown {
  const { properties, required = [], additionalProperties } = schema;
  if (!properties) return compileMap(additionalProperties);
  const fields = new Map(Object.entries(properties).map(([name, part]) => [name, compileField(part, name)]));
  return (value, verdict) => {
    const result: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      const given = value[name];
      if (given === undefined) continue;
      const field = fields.get(name);
      if (!field) {
        verdict.refusal = unknownParameter(name);
        return undefined;
      }
      result[name] = field(given, verdict);
      if (verdict.refusal) {
        verdict.refusal.path.unshift(name);
        return undefined;
      }
    }
    for (const name of required) {
      if (result[name] === undefined) {
        verdict.refusal = missingParameter(name);
        return undefined;
      }
    }
    return result;
  };
}

function compileField(schema: JsonSchema, name: string): Coerce {
  const rule = fieldRule(name);
  let coerce: Coerce | undefined;
  return (given, verdict) => {
    coerce ??= compileCoercion(schema, name);
    const value = coerce(given, verdict);
    if (rule && !verdict.refusal && value !== null) verdict.refusal = rule(value);
    return value;
  };
}

/** `metadata`, `currency_options`: the caller's own names, all with one type of value. */
function compileMap(values: JsonSchema | false | undefined): (value: Fields, verdict: Verdict) => unknown {
  const entry = values ? compileCoercion(values, '') : undefined;
  return (value, verdict) => {
    const result: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      if (!entry || FORBIDDEN_KEYS.has(name)) {
        verdict.refusal = unknownParameter(name);
        return undefined;
      }
      result[name] = entry(value[name], verdict);
      if (verdict.refusal) {
        verdict.refusal.path.unshift(name);
        return undefined;
      }
    }
    return result;
  };
}

function isObject(schema: JsonSchema): boolean {
  return resolve(schema).type === 'object';
}

function hasIndexKeys(value: object): boolean {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^\d{1,9}$/.test(key));
}

function inOrder(value: object): unknown[] {
  const entries = Object.entries(value).sort(([a], [b]) => Number(a) - Number(b));
  return entries.map(([, entry]) => entry);
}

function expected(isText: boolean, isArray: boolean, isObjectToo: boolean): string {
  const words = [isText && 'a plain value', isArray && 'a list', isObjectToo && 'an object'].filter(Boolean);
  return words.join(' or ');
}
