import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-compiler';
import type { JsonSchema, SurfaceFile } from '../src/schema/json-schema.ts';
import { compact, type Definitions } from './compact.ts';
import { readOperations } from './read-operations.ts';
import { SERVED_OBJECTS, SURFACE } from './surface.ts';
import { createWalker, objectTag, type Walker } from './walk-types.ts';

export type Surface = Pick<SurfaceFile, 'operations' | 'objects' | 'events' | 'error'>;
type Operations = Record<string, { params?: JsonSchema; reply: JsonSchema }>;

/** Fields of the client's error type that never stand in a reply: the client adds them itself. */
const CLIENT_ERROR_FIELDS = new Set(['headers', 'statusCode', 'requestId', 'detail', 'exception']);

/** Reads the installed stripe package. Takes some seconds: the compiler parses nine megabytes of declarations. */
export function readStripe(): { definitions: Definitions; surface: Surface } {
  const root = dirname(fileURLToPath(import.meta.resolve('stripe')));
  const stripe = openStripe(root);
  const operations: Operations = {};
  for (const { file, resource, methods } of SURFACE) {
    const source = readFileSync(join(root, 'resources', `${file}.js`), 'utf8');
    const paths = readOperations(source, resource);
    for (const method of methods) {
      const operation = paths.get(method);
      if (!operation) throw new Error(`${file}: stripe has no method ${resource}.${method} that makes a request`);
      operations[operation] = methodSchemas(stripe, stripe.declared(`resources/${file}`, resource), method);
    }
  }
  const events = eventObjects(stripe);
  const error = errorSchema(stripe);
  const replies = Object.values(operations).flatMap(({ params, reply }) => (params ? [params, reply] : [reply]));
  const roots = [...replies, ...Object.values(events), error, stripe.walker.schemaOf(stripe.event)];
  const { definitions, rewrite } = compact(stripe.walker.definitions, roots);
  const surface: Surface = {
    operations: mapSorted(operations, ({ params, reply }) => ({
      ...(params && { params: rewrite(params) }),
      reply: rewrite(reply),
    })),
    objects: objectNames(definitions),
    events: mapSorted(events, rewrite),
    error: rewrite(error),
  };
  return { definitions, surface };
}

interface StripeTypes {
  readonly checker: ts.TypeChecker;
  readonly walker: Walker;
  /** An exported type, by file below `esm/` and name. */
  declared(file: string, name: string): ts.Type;
  /** What all events share; their union would repeat every object once per event type. */
  readonly event: ts.Type;
}

function openStripe(root: string): StripeTypes {
  const files = [...SURFACE.map(({ file }) => `resources/${file}`), 'resources/Events', 'Types'];
  const program = ts.createProgram({
    rootNames: files.map((file) => join(root, `${file}.d.ts`)),
    options: {
      strict: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: [],
      noEmit: true,
    },
  });
  const checker = program.getTypeChecker();
  const declared = (file: string, name: string): ts.Type => {
    const source = program.getSourceFile(join(root, `${file}.d.ts`));
    const module = source && checker.getSymbolAtLocation(source);
    const symbol = module && checker.getExportsOfModule(module).find((exported) => exported.name === name);
    if (!symbol) throw new Error(`stripe exports no ${name} from ${file}`);
    return checker.getDeclaredTypeOfSymbol(symbol);
  };
  const event = declared('resources/Events', 'EventBase');
  return {
    checker,
    declared,
    walker: createWalker(checker, new Map([[declared('resources/Events', 'Event'), event]])),
    event,
  };
}

/** What a method takes (`params`) and what it answers, freed of the client's promise and response wrappers. */
function methodSchemas(
  stripe: StripeTypes,
  resource: ts.Type,
  method: string,
): { params?: JsonSchema; reply: JsonSchema } {
  const { checker, walker } = stripe;
  const property = resource.getProperty(method);
  const [signature] = property ? checker.getTypeOfSymbol(property).getCallSignatures() : [];
  if (!signature) throw new Error(`${resource.symbol.name} has no method ${method}`);
  const params = signature.parameters.find(({ name }) => name === 'params');
  const promise = signature.getReturnType();
  const [answer] = checker.getTypeArguments(promise as ts.TypeReference);
  if (!answer) throw new Error(`${method} answers no promise`);
  const body = answer.aliasSymbol?.name === 'Response' ? answer.aliasTypeArguments?.[0] : answer;
  if (!body) throw new Error(`${method} answers no body`);
  const envelope = ENVELOPES[promise.symbol.name];
  return {
    ...(params && { params: walker.schemaOf(checker.getNonNullableType(checker.getTypeOfSymbol(params))) }),
    reply: envelope ? envelope(walker.schemaOf(body)) : walker.schemaOf(body),
  };
}

const list = (items: JsonSchema, object: string, more: Record<string, JsonSchema>): JsonSchema => {
  const properties = {
    object: { enum: [object] },
    data: { type: 'array' as const, items },
    has_more: { type: 'boolean' as const },
    url: { type: 'string' as const },
    ...more,
  };
  const required = Object.keys(properties).filter((name) => name !== 'total_count');
  return { type: 'object', properties, required, additionalProperties: false };
};

/** The client's iterable promises stand for a list envelope on the wire. */
const ENVELOPES: Readonly<Record<string, (items: JsonSchema) => JsonSchema>> = {
  ApiListPromise: (items) => list(items, 'list', {}),
  ApiSearchResultPromise: (items) =>
    list(items, 'search_result', { next_page: { type: ['string', 'null'] }, total_count: { type: 'number' } }),
};

/** For each event type whose object is served, the schema of `data.object`. */
function eventObjects({ checker, walker, declared }: StripeTypes): Record<string, JsonSchema> {
  const union = declared('resources/Events', 'Event');
  if (!union.isUnion()) throw new Error('the type Event is no longer a union');
  const found: Record<string, JsonSchema> = {};
  const field = (type: ts.Type, name: string): ts.Type => {
    const property = type.getProperty(name);
    if (!property) throw new Error(`an event without ${name}`);
    return checker.getTypeOfSymbol(property);
  };
  for (const event of union.types) {
    const type = field(event, 'type');
    const object = field(field(event, 'data'), 'object');
    const choices = object.isUnion() ? object.types : [object];
    if (!type.isStringLiteral() || !choices.some((choice) => SERVED_OBJECTS.has(objectTag(choice, checker) ?? '')))
      continue;
    found[type.value] = walker.schemaOf(object);
  }
  return found;
}

function errorSchema({ walker, declared }: StripeTypes): JsonSchema {
  const { properties = {} } = walker.schemaOf(declared('Types', 'StripeRawError'));
  const kept = Object.entries(properties).filter(([name]) => !CLIENT_ERROR_FIELDS.has(name));
  return {
    type: 'object',
    properties: Object.fromEntries(kept),
    required: ['message', 'type'],
    additionalProperties: false,
  };
}

/** `object` values to definitions; a deleted stub and its living object share the value, so each has a list. */
function objectNames(definitions: Definitions): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [name, schema] of Object.entries(definitions)) {
    const tag = schema.properties?.object?.enum?.[0];
    if (typeof tag !== 'string' || !schema.required?.includes('object')) continue;
    found[tag] = [...(found[tag] ?? []), name];
  }
  return mapSorted(found, (names) => names);
}

function mapSorted<From, To>(record: Record<string, From>, change: (value: From) => To): Record<string, To> {
  const names = Object.keys(record).sort();
  return Object.fromEntries(names.map((name) => [name, change(record[name] as From)]));
}
