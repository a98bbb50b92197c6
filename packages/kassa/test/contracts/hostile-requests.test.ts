// Goal: whatever anybody sends to any path of any contract, it is answered in the contract's own words, never with 500,
// and what is refused leaves no trace.
// Method: requests made from the shop's own OpenAPI document: a good body of each operation, spoilt in every way that a
// seeded generator can think of. Each answer is held against the same document.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatShop } from '../setup/chat.ts';
import { type ContractName, describedBy, type Operation, schemaIn, startFive } from '../setup/five-contracts.ts';
import { isObject, type Json, type JsonObject, misfits } from '../setup/json-schema.ts';
import { ORIGIN } from '../setup/shop.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 10);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const SCREENING = 'screening_01h455vb4pex5vsknk084sn02q';
const PAGE = { success_url: `${ORIGIN}/pay`, cancel_url: `${ORIGIN}/pay` };
const HOUR_MS = 3_600_000;

let shop: ChatShop;
let document: JsonObject;
let operations: Operation[];
/** What is there to be named: opened once, so that a spoilt request can come close. */
let known: { session: string; ticket: string; intent: string; order: string; customer: string };

beforeAll(async () => {
  process.stdout.write(`hostile requests: SEED=${SEED} FUZZ_RUNS=${RUNS}\n`);
  shop = await startFive();
  ({ document, operations } = await describedBy(shop));
  known = await openAll();
  await shop.rest();
});
afterAll(() => shop?.close());

async function openAll(): Promise<typeof known> {
  const post = async (path: string, body: object, headers: object = {}): Promise<never> =>
    (await (await send('post', path, JSON.stringify(body), headers)).json()) as never;
  const { session_id: session } = await post('/api/payments/v1/checkout/session', {
    offer: 'donation',
    amount: 25.5,
    ...PAGE,
  });
  const ticket = String(await post('/api/screening/', {})).split('_secret_')[0] ?? '';
  const wish = { checkout_type: 'single_session', items: [{ service_id: 123, ...hour(30) }] };
  const { order_id: order } = await post('/stripe/fastapi/api/v1/stripe/checkout/create', wish, buyer());
  const intent = await shop.pay();
  const { customer } = await post('/payments/customer/create', { email: 'ann@example.com' }, secret());
  return { session, ticket, intent, order, customer: (customer as { id: string }).id };
}

const buyer = () => ({ Authorization: `Bearer ${shop.token({ sub: 'ann', email: 'ann@example.com' })}` });
const secret = () => ({ Authorization: `Bearer ${shop.keys.full}` });

function hour(days: number): { start_time: string; end_time: string } {
  const at = Math.ceil(shop.clock.now() / HOUR_MS) * HOUR_MS + days * 24 * HOUR_MS;
  return { start_time: new Date(at).toISOString(), end_time: new Date(at + HOUR_MS).toISOString() };
}

function credentials(contract: ContractName): Record<string, string> {
  if (contract === 'booking-checkout') return buyer();
  return contract === 'chat-payments' ? secret() : {};
}

function send(method: string, path: string, body: string | undefined, headers: object = {}): Promise<Response> {
  const init = { method: method.toUpperCase(), headers: { 'Content-Type': 'application/json', ...headers } };
  return shop.send(path, body === undefined ? init : { ...init, body });
}

/** A body that each operation takes. Where there is none, an empty one. */
function goodBody({ path }: Operation): JsonObject {
  const bodies: Readonly<Record<string, JsonObject>> = {
    '/api/payments/v1/checkout/session': {
      stripe_price_id: 'price_123',
      quantity: 1,
      ...PAGE,
      metadata: { source: 'web' },
    },
    '/api/screening': { offer: 'ticket' },
    '/api/screening/pending': { stripe_checkout_session_id: known.ticket, email: 'ann@example.com', name: 'Ann' },
    '/payments/intent/create': { amount: 12.5, currency: 'usd', description: 'Seat', metadata: { order_id: 'A1' } },
    '/payments/checkout/create': { items: [{ name: 'Seat', amount: 5, quantity: 1 }], ...PAGE },
    '/payments/refund': { payment_intent_id: known.intent, amount: 1 },
    '/payments/customer/create': { email: 'ann@example.com', name: 'Ann' },
    '/api/checkout/embedded-session': { metadata: { user_id: 'u1' }, customer_email: 'ann@example.com' },
  };
  const booking: Readonly<Record<string, JsonObject>> = {
    'checkout/create': { checkout_type: 'single_session', items: [{ service_id: 123, ...hour(3) }], use_credits: true },
    'checkout/calculate-price': { checkout_type: 'bundle', items: [{ service_id: 789 }], coupon_code: 'GIFT' },
    'payment/confirm': { order_id: known.order },
    'checkout/status': { order_id: known.order },
  };
  return bodies[path.replace(/\/$/, '')] ?? booking[path.split('/v1/stripe/')[1] ?? ''] ?? {};
}

/** Values that have broken other people's servers. */
const HOSTILE: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    ...[
      '',
      ' ',
      'NaN',
      'Infinity',
      '-0',
      '1e9',
      '0x10',
      '١٢',
      'null',
      'undefined',
      '../../etc',
      '%00',
      '\u0000',
      '\ud800',
    ],
    ...[
      "' or 1=1 --",
      '${7*7}',
      '<script>',
      'javascript:alert(1)',
      '//evil.example',
      'https://shop.example@evil.example',
    ],
    ...[
      'pi_',
      'cs_live_a1',
      'ord_8zzzzzzzzzzzzzzzzzzzzzzzzz',
      '00000000-0000-0000-0000-000000000000',
      'cus_\n',
      'pm_card_visa',
    ],
    ...['9999-12-31T23:59:59Z', '+275760-09-13T00:00:00Z', '2024-02-30T25:61:00Z', '0000-01-01T00:00:00+14:00'],
    ...[0, -1, 1.5, 1e9, 1e21, 1e-7, 2 ** 53, -(2 ** 31), 0.1 + 0.2, 19.999, 5e-324, null, true, false],
    ...[[], {}, [[]], [null], { length: 1 }, { toString: 1 }, { valueOf: null }, [1, 'a', {}]],
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.integer({ min: 20, max: 40 }).map((depth) => nested(depth)),
  fc.integer({ min: 1_500, max: 3_000 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 90, max: 130 }).map((length) => Array.from({ length }, () => 1)),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
);

function nested(depth: number): Json {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

/** A good body in which some fields, at any depth, hold something else, are missing, or are joined by others. */
function spoilt(operation: Operation): fc.Arbitrary<string> {
  const places = placesIn(goodBody(operation), Object.keys((operation.body?.properties ?? {}) as JsonObject));
  const change = fc.record({ place: fc.constantFrom(...places), value: HOSTILE, gone: fc.boolean() });
  const changed = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const body = structuredClone(goodBody(operation)) as Record<string, Json>;
    for (const { place, value, gone } of changes)
      put(body, place, gone && Math.abs(place.length) > 0 ? undefined : value);
    return JSON.stringify(body);
  });
  const raw = fc.oneof(
    fc.constantFrom(
      '',
      '{',
      '[]',
      'null',
      '"a"',
      '7',
      '{"a":}',
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":1}}',
    ),
    fc.constantFrom(
      '{"amount":1e400}',
      '{"amount":NaN}',
      '\ufeff{}',
      '{"a":1,"a":2}',
      `${'['.repeat(500)}${']'.repeat(500)}`,
    ),
    HOSTILE.map((value) => JSON.stringify(value)),
  );
  return fc.oneof({ arbitrary: changed, weight: 4 }, { arbitrary: raw, weight: 1 });
}

function placesIn(body: Json, names: readonly string[], at: readonly string[] = []): string[][] {
  const own = isObject(body) || Array.isArray(body) ? Object.entries(body as JsonObject) : [];
  const found = own.flatMap(([name, value]) => [[...at, name], ...placesIn(value, [], [...at, name])]);
  return [...found, ...names.map((name) => [...at, name]), [...at, 'price'], [...at, 'unknown']];
}

function put(body: Record<string, Json>, place: readonly string[], value: Json | undefined): void {
  let into: Record<string, Json> = body;
  for (const name of place.slice(0, -1)) {
    const next = into[name];
    if (typeof next !== 'object' || next === null) return;
    into = next as Record<string, Json>;
  }
  const last = place.at(-1) ?? 'unknown';
  if (value === undefined) delete into[last];
  else into[last] = value;
}

/** A path whose places hold something that is there, or something hostile. */
function address({ path }: Operation, value: string | undefined): string {
  const ids: Readonly<Record<string, string>> = {
    session_id: known.session,
    payment_intent_id: known.intent,
    customer_id: known.customer,
  };
  return path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(value ?? ids[name] ?? 'unknown'));
}

/** What any path may answer, and no document repeats. */
const ANYWHERE = [400, 404, 413, 415];

/** In the contract's own words and as its document says. */
function judge(operation: Operation, status: number, text: string): void {
  const at = `${operation.method} ${operation.path} ${status} ${text.slice(0, 300)}`;
  expect([at, status === 500]).toEqual([at, false]);
  if (status === 307) return;
  const value = JSON.parse(text) as unknown;
  const { responses } = operation.described;
  const schema = schemaIn((responses as JsonObject)[String(status)]);
  if (schema) expect([at, misfits(document, schema, value)]).toEqual([at, []]);
  else expect([at, ANYWHERE.includes(status)]).toEqual([at, true]);
  if (status < 400) return;
  const keys = Object.keys(value as JsonObject).sort();
  if (operation.contract === 'ticket-order') expect([at, keys]).toEqual([at, ['detail']]);
  else if (operation.contract === 'chat-payments') {
    expect([at, keys]).toEqual([at, ['code', 'details', 'error', 'success']]);
  } else expect([at, keys]).toEqual([at, ['code', 'details', 'error']]);
}

describe('every operation of every contract', () => {
  test('takes the good body that the others are made from', async () => {
    for (const operation of operations.filter(({ method }) => method === 'post')) {
      const answer = await send(
        'post',
        address(operation, undefined),
        JSON.stringify(goodBody(operation)),
        credentials(operation.contract),
      );
      const text = await answer.text();
      judge(operation, answer.status, text);
      // A payment that nobody has made cannot be sent back, and one that is called off is no longer open.
      const wanted = operation.path === '/payments/refund' ? [409] : [200];
      expect([operation.path, answer.status, text]).toEqual([operation.path, wanted[0], text]);
    }
    await shop.rest();
  });

  test('answers spoilt requests in its own words, and what it refuses changes nothing', async () => {
    for (const operation of operations.filter(({ method }) => method === 'post')) {
      const trial = async (body: string, id: string | undefined): Promise<void> => {
        const before = await shop.books();
        const answer = await send('post', address(operation, id), body, credentials(operation.contract));
        const text = await answer.text();
        judge(operation, answer.status, text);
        if (answer.status >= 400) expect(await shop.books()).toBe(before);
        else await shop.rest();
      };
      const ids = operation.path.includes('{')
        ? fc.option(HOSTILE.map(textOf), { nil: undefined })
        : fc.constant(undefined);
      await fc.assert(fc.asyncProperty(spoilt(operation), ids, trial), { numRuns: RUNS, seed: SEED });
    }
  }, 300_000);

  test('answers questions about anything, and asking changes nothing', async () => {
    await shop.rest();
    const before = await shop.books();
    for (const operation of operations.filter(({ method }) => method === 'get')) {
      const names = (operation.described.parameters as readonly JsonObject[] | undefined) ?? [];
      const asked = names.filter((one) => one.in === 'query').map(({ name }) => String(name));
      const trial = async (value: string, screening: boolean): Promise<void> => {
        const query = new URLSearchParams(asked.map((name): [string, string] => [name, value]));
        if (screening && query.has('screening_id')) query.set('screening_id', SCREENING);
        const path = `${address(operation, value)}?${query}`;
        const answer = await send('get', path, undefined, credentials(operation.contract));
        judge(operation, answer.status, await answer.text());
      };
      await fc.assert(fc.asyncProperty(HOSTILE.map(textOf), fc.boolean(), trial), { numRuns: RUNS, seed: SEED });
    }
    expect(await shop.books()).toBe(before);
  }, 120_000);
});

/** As it would stand in an address. A lone half of a letter cannot. */
function textOf(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.toWellFormed();
}
