import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config.ts';
import { sameLimits } from '../../src/http/limits.ts';
import { type KassaConfig, usd } from '../../src/index.ts';
import { type ChatShop, startChat } from './chat.ts';
import { follow, isObject, type JsonObject } from './json-schema.ts';

const SHOP = fileURLToPath(new URL('../../../../examples/contracts/variants/plenty.config.ts', import.meta.url));

/** Everything is asked often here; the limits have tests of their own. */
const ROOMY = sameLimits([{ count: 100_000, per_ms: 60_000 }]);

/** The shop of the checks with plenty of everything: all contracts are served, and no socket is opened. */
export async function startFive(): Promise<ChatShop> {
  const { config: written, hooks } = await loadConfig(SHOP);
  // What the owner of the tests' shops made at Stripe for a ticket costs this much.
  const ticket = { ...written.catalog.ticket, price: usd('18.00') };
  const config = { ...written, catalog: { ...written.catalog, ticket } } as KassaConfig;
  return startChat({ config, hooks: { on: hooks.on }, http: { limits: ROOMY } });
}

export const CONTRACTS = [
  'hosted-checkout',
  'ticket-order',
  'booking-checkout',
  'chat-payments',
  'embedded-checkout',
] as const;
export type ContractName = (typeof CONTRACTS)[number];

/** One path and method of a contract, as the document describes it. */
export interface Operation {
  readonly contract: ContractName;
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly described: JsonObject;
  /** What the body has to be; undefined where none is read. */
  readonly body: JsonObject | undefined;
}

export async function describedBy(shop: ChatShop): Promise<{ document: JsonObject; operations: Operation[] }> {
  const document = (await (await shop.send('/openapi.json')).json()) as JsonObject;
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths as JsonObject)) {
    for (const [method, described] of Object.entries(item as JsonObject)) {
      if (!isObject(described) || (method !== 'get' && method !== 'post')) continue;
      const contract = CONTRACTS.find((name) => Array.isArray(described.tags) && described.tags.includes(name));
      if (contract) operations.push({ contract, method, path, described, body: bodyOf(document, described) });
    }
  }
  return { document, operations };
}

function bodyOf(document: JsonObject, { requestBody }: JsonObject): JsonObject | undefined {
  const schema = schemaIn(requestBody);
  return schema && (typeof schema.$ref === 'string' ? follow(document, schema.$ref) : schema);
}

/** The JSON schema of a body or an answer. */
export function schemaIn(part: JsonObject[string] | undefined): JsonObject | undefined {
  if (!isObject(part) || !isObject(part.content)) return undefined;
  const json = part.content['application/json'];
  return isObject(json) && isObject(json.schema) ? json.schema : undefined;
}
