// Goal: a program that reads our OpenAPI documents can trust each word of them.
// Method: the documents of the running shop of the checks, held against the rules of OpenAPI 3.1
// (spec.openapis.org/oas/v3.1.0) and of JSON Schema, and against their own examples.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChatShop } from '../setup/chat.ts';
import { CONTRACTS, describedBy, startFive } from '../setup/five-contracts.ts';
import { follow, isObject, type Json, type JsonObject, KNOWN_WORDS, misfits } from '../setup/json-schema.ts';

const BOOKING = '/stripe/fastapi/stripe/openapi.json';
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const PLACES = ['path', 'query', 'header', 'cookie'];
const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'];

let shop: ChatShop;
beforeAll(async () => {
  shop = await startFive();
});
afterAll(() => shop?.close());

test('each contract is in the document of the shop, with all of its paths', async () => {
  const { operations } = await describedBy(shop);
  const counted = CONTRACTS.map((name) => operations.filter(({ contract }) => contract === name).length);
  expect(Object.fromEntries(CONTRACTS.map((name, at) => [name, counted[at]]))).toEqual({
    'hosted-checkout': 2,
    'ticket-order': 4,
    'booking-checkout': 6,
    'chat-payments': 7,
    'embedded-checkout': 2,
  });
});

test.each(['/openapi.json', BOOKING])('%s is OpenAPI 3.1, and its schemas are JSON Schema', async (path) => {
  const document = (await (await shop.send(path)).json()) as JsonObject;
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toEqual(expect.objectContaining({ title: expect.any(String), version: expect.any(String) }));
  expect(wrongIn(document)).toEqual([]);
});

/** Everything in which a document is not what OpenAPI 3.1 says a document is. */
function wrongIn(document: JsonObject): string[] {
  const wrong: string[] = [];
  const paths = isObject(document.paths) ? document.paths : {};
  if (Object.keys(paths).length === 0) wrong.push('it describes no path');
  const names = new Set<Json>();
  for (const [path, item] of Object.entries(paths)) {
    if (!path.startsWith('/')) wrong.push(`${path} does not begin with /`);
    for (const [method, operation] of Object.entries(item as JsonObject)) {
      const at = `${method} ${path}`;
      if (!METHODS.includes(method)) wrong.push(`${at}: no such method`);
      if (!isObject(operation)) continue;
      if (operation.operationId !== undefined && names.has(operation.operationId)) wrong.push(`${at}: its id is taken`);
      names.add(operation.operationId ?? null);
      wrong.push(...wrongParameters(document, path, operation).map((what) => `${at}: ${what}`));
      wrong.push(...wrongAnswers(operation).map((what) => `${at}: ${what}`));
    }
  }
  return [...wrong, ...wrongSchemas(document, document, '#')];
}

function wrongParameters(document: JsonObject, path: string, operation: JsonObject): string[] {
  const parameters = (Array.isArray(operation.parameters) ? operation.parameters : []).map((one: JsonObject) =>
    typeof one.$ref === 'string' ? follow(document, one.$ref) : one,
  );
  const wrong = parameters.flatMap(({ name, in: place, required, schema }) => [
    ...(typeof name === 'string' && PLACES.includes(String(place)) ? [] : [`${name} is in ${place}`]),
    ...(place === 'path' && required !== true ? [`${name} is in the path and not required`] : []),
    ...(isObject(schema) ? [] : [`${name} has no schema`]),
  ]);
  const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const told = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
  if (named.sort().join() !== told.sort().join()) wrong.push(`its path has ${named}, its parameters ${told}`);
  return wrong;
}

function wrongAnswers({ responses }: JsonObject): string[] {
  if (!isObject(responses) || Object.keys(responses).length === 0) return ['it has no answer'];
  return Object.entries(responses).flatMap(([status, answer]) => [
    ...(/^[1-5](?:\d\d|XX)$|^default$/.test(status) ? [] : [`${status} is no status`]),
    ...(isObject(answer) && typeof answer.description === 'string' && answer.description !== ''
      ? []
      : [`${status} is not described`]),
  ]);
}

/** Looks at every schema there is: its words, its types, its references, and whether its own example fits. */
function wrongSchemas(document: JsonObject, part: Json, at: string): string[] {
  if (Array.isArray(part)) return part.flatMap((one, index) => wrongSchemas(document, one, `${at}/${index}`));
  if (!isObject(part)) return [];
  const within = Object.entries(part).flatMap(([name, one]) =>
    name === 'example' || name === 'examples' || name === 'default' ? [] : wrongSchemas(document, one, `${at}/${name}`),
  );
  const is_schema = /\/schema$|\/schemas\/[^/]+$|\/items$|\/properties\/[^/]+$|\/(?:any|one|all)Of\/\d+$/.test(at);
  return is_schema ? [...within, ...wrongSchema(document, part, at)] : within;
}

function wrongSchema(document: JsonObject, schema: JsonObject, at: string): string[] {
  const { type, $ref, example, pattern, required } = schema;
  const wrong = Object.keys(schema)
    .filter((word) => !KNOWN_WORDS.has(word))
    .map((word) => `${at}: ${word} is no word of JSON Schema 2020-12 that we know`);
  const types = type === undefined ? [] : Array.isArray(type) ? type : [type];
  if (types.some((name) => !TYPES.includes(String(name)))) wrong.push(`${at}: ${JSON.stringify(type)} is no type`);
  if (required !== undefined && !Array.isArray(required)) wrong.push(`${at}: required is no list`);
  if (typeof pattern === 'string') new RegExp(pattern, 'u');
  if (typeof $ref === 'string') follow(document, $ref);
  if (example !== undefined) wrong.push(...misfits(document, schema, example, `${at} example`));
  return wrong;
}
