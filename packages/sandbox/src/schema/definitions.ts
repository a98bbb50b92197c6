import { readFileSync } from 'node:fs';
import type { DefinitionsFile, JsonSchema, SurfaceFile } from './json-schema.ts';

/** Read on first use: a sandbox that checks nothing pays nothing. */
let definitionsFile: DefinitionsFile | undefined;
let surfaceFile: SurfaceFile | undefined;

function definitions(): DefinitionsFile {
  definitionsFile ??= JSON.parse(readGenerated('definitions.json')) as DefinitionsFile;
  return definitionsFile;
}

/** What can be called and which names stand for what, as generated from the stripe package. */
export function surface(): SurfaceFile {
  surfaceFile ??= JSON.parse(readGenerated('surface.json')) as SurfaceFile;
  return surfaceFile;
}

/** The text of a file in generated/. */
export function readGenerated(name: string): string {
  return readFileSync(new URL(`./generated/${name}`, import.meta.url), 'utf8');
}

/**
 * A named schema.
 * @throws Error when there is none, which means that the generated files contradict each other
 */
export function definition(name: string): JsonSchema {
  const found = own(definitions().$defs, name);
  if (!found) throw new Error(`The generated schemas have no definition named ${name}. Run: npm run schemas.`);
  return found;
}

/** A record's own entry: a name that came over the wire must not find what every object inherits. */
export function own<Value>(record: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The name behind `#/$defs/`. */
export function nameOf(ref: string): string {
  return ref.slice('#/$defs/'.length);
}

/** Follows `$ref` until a schema stands there. */
export function resolve(schema: JsonSchema): JsonSchema {
  let current = schema;
  while (current.$ref !== undefined) current = definition(nameOf(current.$ref));
  return current;
}

/**
 * The choices behind a schema: `anyOf` and references to it are opened, `['string', 'null']` is split, so each
 * choice has one type, one list of values, or one reference to an object.
 */
export function choicesOf(schema: JsonSchema): readonly JsonSchema[] {
  if (schema.$ref !== undefined) {
    const target = resolve(schema);
    return target.type === 'object' || target.not ? [schema] : choicesOf(target);
  }
  if (schema.anyOf) return schema.anyOf.flatMap(choicesOf);
  const { type } = schema;
  if (Array.isArray(type)) return type.map((single) => ({ ...schema, type: single }));
  return [schema];
}

/** True for `{}`, which accepts everything. */
export function isAnything(schema: JsonSchema): boolean {
  return Object.keys(schema).length === 0;
}
