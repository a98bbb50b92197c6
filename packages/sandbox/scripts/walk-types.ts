import ts from 'typescript-compiler';
import type { JsonSchema } from '../src/schema/json-schema.ts';
import { SERVED_OBJECTS } from './surface.ts';

export interface Walker {
  schemaOf(type: ts.Type): JsonSchema;
  /** Every named type met so far, by its qualified name. */
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/**
 * Empty interfaces that mean "any object"; every other empty interface means "no field at all". The interpreter
 * checks these two against the object that the event's type names.
 */
const OPEN_TYPES: ReadonlySet<string> = new Set(['Event.Data.Object', 'Event.Data.PreviousAttributes']);

const NULL: JsonSchema = { type: 'null' };
const ANY_OBJECT: JsonSchema = { type: 'object', additionalProperties: {} };

/**
 * Turns types of the stripe package into JSON Schema.
 * The rules: literals become `enum`; the marker `OtherString`, which keeps Stripe's enums open for old clients,
 * is dropped, so that enums are closed; `T | null` is nullable; an optional property is not required; an index
 * signature becomes the schema of `additionalProperties`, any other object is closed; `Decimal` is a string.
 * Named types become definitions, so recursion ends in a `$ref`. `standIns` replaces types by simpler ones.
 * Throws on a type that no rule covers.
 */
export function createWalker(checker: ts.TypeChecker, standIns: ReadonlyMap<ts.Type, ts.Type>): Walker {
  const definitions: Record<string, JsonSchema> = {};
  const schemaOf = (original: ts.Type): JsonSchema => {
    const type = standIns.get(original) ?? original;
    if (isDecimal(type)) return { type: 'string', format: 'decimal' };
    if (type.isUnion()) return unionSchema(type, schemaOf);
    const plain = plainSchema(type, checker);
    if (plain) return plain;
    if (checker.isArrayType(type)) {
      const [item] = checker.getTypeArguments(type as ts.TypeReference);
      if (!item) throw new Error('an array type without a type argument');
      return { type: 'array', items: schemaOf(item) };
    }
    if (!(type.flags & ts.TypeFlags.Object)) throw new Error(`no rule for the type ${checker.typeToString(type)}`);
    const name = definitionName(type, checker);
    if (!name) return objectSchema(type, checker, schemaOf);
    if (!definitions[name]) {
      // Entered before its properties are walked: a type that contains itself finds its own name.
      definitions[name] = {};
      definitions[name] = OPEN_TYPES.has(name) ? ANY_OBJECT : namedSchema(type, checker, schemaOf);
    }
    return { $ref: `#/$defs/${name}` };
  };
  return { schemaOf, definitions };
}

function isDecimal(type: ts.Type): boolean {
  return type.aliasSymbol?.name === 'Decimal';
}

/** `string & Record<never, never>`: how the stripe package spells "or a value that we do not know yet". */
function isOtherString(type: ts.Type): boolean {
  return type.isIntersection() && !isDecimal(type) && type.types.some((part) => part.flags & ts.TypeFlags.String);
}

function isLiteral(type: ts.Type): type is ts.StringLiteralType | ts.NumberLiteralType {
  return Boolean(type.flags & (ts.TypeFlags.StringLiteral | ts.TypeFlags.NumberLiteral));
}

function plainSchema(type: ts.Type, checker: ts.TypeChecker): JsonSchema | undefined {
  if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {};
  if (type.flags & ts.TypeFlags.Null) return NULL;
  if (isLiteral(type)) return { enum: [type.value] };
  if (type.flags & ts.TypeFlags.BooleanLiteral) return { enum: [checker.typeToString(type) === 'true'] };
  if (type.flags & ts.TypeFlags.String || isOtherString(type)) return { type: 'string' };
  if (type.flags & ts.TypeFlags.Number) return { type: 'number' };
  if (type.flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
  return undefined;
}

function unionSchema(union: ts.UnionType, schemaOf: (type: ts.Type) => JsonSchema): JsonSchema {
  const members = union.types.filter((member) => !(member.flags & ts.TypeFlags.Undefined));
  const literals = members.filter((member) => isLiteral(member));
  // `''` beside null is Emptyable: on the wire the empty string is how null is said, so null alone is kept.
  const values = literals.map(({ value }) => value).filter((value) => value !== '');
  const booleans = members
    .filter((member) => member.flags & ts.TypeFlags.BooleanLiteral)
    .map((member) => schemaOf(member));
  const nullable = members.some((member) => member.flags & ts.TypeFlags.Null) || values.length < literals.length;
  const rest = members.filter(
    (member) =>
      !(member.flags & (ts.TypeFlags.Null | ts.TypeFlags.BooleanLiteral)) &&
      !isLiteral(member) &&
      !(isOtherString(member) && values.length > 0),
  );
  const choices = rest.map(schemaOf);
  if (booleans.length === 2) choices.unshift({ type: 'boolean' });
  if (booleans.length === 1) choices.unshift(...booleans);
  if (values.length > 0) choices.unshift({ enum: [...values].sort() });
  return combine(choices, nullable);
}

function combine(parts: readonly JsonSchema[], nullable: boolean): JsonSchema {
  // The compiler orders unions by the moment it met their members; the file must not depend on that.
  const choices = [...parts].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const [only] = choices;
  if (!only) return NULL;
  if (choices.length > 1) return { anyOf: nullable ? [...choices, NULL] : choices };
  if (!nullable) return only;
  if (only.enum) return { enum: [...only.enum, null] };
  if (typeof only.type === 'string') return { ...only, type: [only.type, 'null'] };
  return { anyOf: [only, NULL] };
}

/** A resource that the sandbox does not serve is pruned to its name; see SERVED_OBJECTS. */
function namedSchema(type: ts.Type, checker: ts.TypeChecker, schemaOf: (type: ts.Type) => JsonSchema): JsonSchema {
  const tag = objectTag(type, checker);
  if (tag && !SERVED_OBJECTS.has(tag)) return { title: tag, not: {} };
  return objectSchema(type, checker, schemaOf);
}

/** The literal type of the property `object`, which names a resource. */
export function objectTag(type: ts.Type, checker: ts.TypeChecker): string | undefined {
  const property = type.getProperty('object');
  const tag = property && checker.getTypeOfSymbol(property);
  return tag?.isStringLiteral() ? tag.value : undefined;
}

function objectSchema(type: ts.Type, checker: ts.TypeChecker, schemaOf: (type: ts.Type) => JsonSchema): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const property of checker.getPropertiesOfType(type)) {
    const value = checker.getTypeOfSymbol(property);
    // `deleted?: void` on a living object says that the field is never there.
    if (isVoid(value)) continue;
    properties[property.name] = schemaOf(value);
    if (!(property.flags & ts.SymbolFlags.Optional)) required.push(property.name);
  }
  const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
  return {
    type: 'object',
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: index ? schemaOf(index.type) : false,
  };
}

function isVoid(type: ts.Type): boolean {
  const parts = type.isUnion() ? type.types : [type];
  return parts.every((part) => part.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined));
}

/** `Checkout.Session.AdaptivePricing` for a named interface; nothing for anonymous and generic types. */
function definitionName(type: ts.Type, checker: ts.TypeChecker): string | undefined {
  const symbol = type.symbol;
  // A generic type has no name of its own: `ApiList<LineItem>` is written out where it stands.
  const isGeneric = checker.getTypeArguments(type as ts.TypeReference).length > 0;
  if (!symbol || symbol.name === '__type' || isGeneric) return undefined;
  const source = symbol.declarations?.[0]?.getSourceFile().fileName ?? '';
  const file = /\/esm\/(?:resources\/)?(.+)\.d\.ts$/.exec(source)?.[1];
  if (!file) return undefined;
  const local = checker.getFullyQualifiedName(symbol).replace(/^".*"\./, '');
  const folder = file.includes('/') ? `${file.slice(0, file.lastIndexOf('/')).replaceAll('/', '.')}.` : '';
  return local.startsWith(folder) ? local : folder + local;
}
