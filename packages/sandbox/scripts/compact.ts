import type { JsonSchema } from '../src/schema/json-schema.ts';

export type Definitions = Readonly<Record<string, JsonSchema>>;

/** A list of values this long (as JSON) is stored once, even if many fields use it. */
const SHARED_ENUM_BYTES = 200;

/**
 * Makes the definitions small without changing what they accept: keeps only what the roots reach, stores equal
 * definitions once and long value lists once. Answers the new definitions, sorted by name, and a function that
 * rewrites any other schema (a root) to their names.
 */
export function compact(
  all: Definitions,
  roots: readonly JsonSchema[],
): { definitions: Definitions; rewrite: (schema: JsonSchema) => JsonSchema } {
  const shared = shareEnums(reachable(all, roots));
  const names = mergeEqual(shared, new Set(roots.map((root) => root.$ref && refName(root.$ref))));
  const rewrite = (schema: JsonSchema) => renameRefs(schema, names);
  const kept: Record<string, JsonSchema> = {};
  for (const name of Object.keys(shared).sort()) {
    const schema = shared[name];
    if (schema && names.get(name) === name) kept[name] = rewrite(schema);
  }
  return { definitions: kept, rewrite };
}

/** The name behind `#/$defs/`. */
export function refName(ref: string): string {
  return ref.slice('#/$defs/'.length);
}

function reachable(all: Definitions, roots: readonly JsonSchema[]): Record<string, JsonSchema> {
  const found: Record<string, JsonSchema> = {};
  const queue: JsonSchema[] = [...roots];
  for (let schema = queue.pop(); schema; schema = queue.pop()) {
    everySchema(schema, (part) => {
      const name = part.$ref && refName(part.$ref);
      if (!name || found[name]) return;
      const target = all[name];
      if (!target) throw new Error(`no definition named ${name}`);
      found[name] = target;
      queue.push(target);
    });
  }
  return found;
}

/** Long enums become definitions named after the first field that uses them, in the order of names. */
function shareEnums(definitions: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const uses = new Map<string, number>();
  const key = (schema: JsonSchema) => JSON.stringify(schema.enum?.filter((value) => value !== null));
  const isLong = (schema: JsonSchema) => schema.enum !== undefined && key(schema).length >= SHARED_ENUM_BYTES;
  for (const schema of Object.values(definitions)) {
    everySchema(schema, (part) => isLong(part) && uses.set(key(part), (uses.get(key(part)) ?? 0) + 1));
  }
  const added: Record<string, JsonSchema> = {};
  const nameOf = new Map<string, string>();
  const share = (schema: JsonSchema, path: string): JsonSchema => {
    if (!isLong(schema) || (uses.get(key(schema)) ?? 0) < 2) return schema;
    const name = nameOf.get(key(schema)) ?? path;
    nameOf.set(key(schema), name);
    added[name] = { enum: schema.enum?.filter((value) => value !== null) ?? [] };
    const ref = { $ref: `#/$defs/${name}` };
    return schema.enum?.includes(null) ? { anyOf: [ref, { type: 'null' }] } : ref;
  };
  const result: Record<string, JsonSchema> = {};
  for (const name of Object.keys(definitions).sort()) {
    const schema = definitions[name];
    if (schema) result[name] = mapSchema(schema, name, share);
  }
  return { ...result, ...added };
}

/**
 * For each name the name that represents it: the shortest among equal definitions. Repeats until nothing merges.
 * What a root names keeps its own name, so that a reader finds `CustomerRetrieveParams` under that name.
 */
function mergeEqual(definitions: Definitions, keep: ReadonlySet<string | undefined>): Map<string, string> {
  const byLength = Object.keys(definitions).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const names = new Map(byLength.map((name) => [name, name]));
  for (let merged = true; merged; ) {
    merged = false;
    const seen = new Map<string, string>();
    for (const name of byLength) {
      const schema = definitions[name];
      if (!schema || keep.has(name) || names.get(name) !== name) continue;
      const text = JSON.stringify(renameRefs(schema, names));
      const first = seen.get(text);
      if (first === undefined) seen.set(text, name);
      else {
        for (const [from, to] of names) if (to === name) names.set(from, first);
        merged = true;
      }
    }
  }
  return names;
}

function renameRefs(schema: JsonSchema, names: ReadonlyMap<string, string>): JsonSchema {
  return mapSchema(schema, '', (part) => {
    if (!part.$ref) return part;
    const name = names.get(refName(part.$ref));
    if (!name) throw new Error(`no definition named ${refName(part.$ref)}`);
    return { ...part, $ref: `#/$defs/${name}` };
  });
}

/** Rebuilds a schema from the leaves up; `path` is the dotted place of the part. */
function mapSchema(
  schema: JsonSchema,
  path: string,
  change: (part: JsonSchema, path: string) => JsonSchema,
): JsonSchema {
  const { properties, items, anyOf, additionalProperties } = schema;
  return change(
    {
      ...schema,
      ...(properties && {
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, part]) => [name, mapSchema(part, `${path}.${name}`, change)]),
        ),
      }),
      ...(items && { items: mapSchema(items, path, change) }),
      ...(anyOf && { anyOf: anyOf.map((part) => mapSchema(part, path, change)) }),
      ...(additionalProperties && { additionalProperties: mapSchema(additionalProperties, path, change) }),
    },
    path,
  );
}

function everySchema(schema: JsonSchema, visit: (part: JsonSchema) => void): void {
  mapSchema(schema, '', (part) => {
    visit(part);
    return part;
  });
}
