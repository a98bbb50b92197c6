// Goal: no secret, card number or address of a person reaches a log line.
// Method: canaries of every kind planted in every place of a line; the whole output is searched for them.
import { describe, expect, test } from 'vitest';
import { KassaError } from './errors.ts';
import { redacted, redactFields, redactText } from './redact.ts';

// Assembled at run time, so that scanners of this repository find no key in it.
const key = (...parts: string[]): string => parts.join('_');

/** What is planted, and the part of it that must not survive. */
const CANARIES: readonly (readonly [name: string, planted: string, canary: string])[] = [
  ['secret key', key('sk', 'test', '51CanaryAaBb'), '51CanaryAaBb'],
  ['live secret key', key('sk', 'live', '51CanaryCcDd'), '51CanaryCcDd'],
  ['restricted key', key('rk', 'live', '51CanaryEeFf'), '51CanaryEeFf'],
  ['own secret key', key('kassa', 'sk', 'test', 'CanaryGgHh'), 'CanaryGgHh'],
  ['own agent key', key('kassa', 'ak', 'live', 'CanaryIiJj'), 'CanaryIiJj'],
  ['webhook secret', key('whsec', 'CanaryKkLl+/='), 'CanaryKkLl'],
  ['session client secret', 'cs_test_a1b2_secret_CanaryMmNn%2F', 'CanaryMmNn'],
  ['intent client secret', 'pi_3Abc_secret_CanaryOoPp', 'CanaryOoPp'],
  ['setup client secret', 'seti_1Abc_secret_CanaryQqRr', 'CanaryQqRr'],
  ['bearer token', 'Bearer CanarySsTt.x-y_z', 'CanarySsTt'],
  ['basic credentials', 'Basic Q2FuYXJ5VXVWdg==', 'Q2FuYXJ5VXVWdg'],
  ['signed token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDYW5hcnkifQ.CanaryWwXx', 'CanaryWwXx'],
  ['token without signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJDYW5hcnkifQ.', 'eyJzdWIiOiJDYW5hcnkifQ'],
  ['stripe signature', `t=1,v1=${'ca4a47'.repeat(10)}abcd`, 'ca4a47ca4a47'],
  ['database password', 'postgres://shop:CanaryYyZz@db.example:5432/shop', 'CanaryYyZz'],
  ['mail password', 'smtps://ann%40example.test:Canary0011@mail.example', 'Canary0011'],
  ['e-mail', 'canary.person+tickets@example.test', 'canary.person'],
  ['e-mail in brackets', 'Ann <canary-ann@shop.example>', 'canary-ann'],
  ['e-mail with foreign letters', 'канарейка@пример.испытание', 'канарейка'],
  ['escaped e-mail', 'canary%40example.test', 'canary%40'],
  ['query value', '/payments/customer/create?email=x&name=Canary%20Doe', 'Canary%20Doe'],
  ['query token', 'https://shop.example/admin?t=Canary2233#top', 'Canary2233'],
  ['card', '4242424242424242', '42424242424242'],
  ['card in groups', '4000 0025 0000 3155', '0025 0000 3155'],
  ['card with dashes', '5555-5555-5555-4444', '5555-5555'],
  ['card of fifteen digits', '378282246310005', '378282246310005'],
  ['card of thirteen digits', '4222222222222', '4222222222222'],
  ['card of nineteen digits', '6205500000000000004', '6205500000000000004'],
  ['card followed by its code', '4242424242424242 123', '42424242424242'],
  ['card between letters', 'card4000056655665556paid', '4000056655665556'],
  ['two cards', '4242424242424242 5555555555554444', '5555555555554444'],
];

const places: readonly (readonly [string, (planted: string) => unknown])[] = [
  ['a field', (planted) => ({ note: planted })],
  ['a sentence', (planted) => ({ note: `Refused ${planted}, see above.` })],
  ['a nested list', (planted) => ({ order: { lines: [{ seats: [planted] }] } })],
  ['a key', (planted) => ({ seen: { [planted]: 1 } })],
  ['an error', (planted) => ({ err: new Error(planted) })],
  ['a cause of a cause', (planted) => ({ err: new Error('a', { cause: new Error('b', { cause: planted }) }) })],
  ['details of a refusal', (planted) => ({ err: new KassaError('invalid_request', 'No.', { field: planted }) })],
  ['a map and a set', (planted) => ({ map: new Map([[planted, new Set([planted])]]) })],
  ['JSON inside text', (planted) => ({ body: JSON.stringify({ a: { b: planted } }) })],
];

describe.each(places)('%s', (_, plant) => {
  test.each(CANARIES)('hides a %s', (_name, planted, canary) => {
    const line = JSON.stringify(redacted(plant(planted)));
    // The test itself would show it: the plain line does hold the canary or its planted form.
    expect(line).not.toContain(canary);
    expect(line).not.toContain(JSON.stringify(canary).slice(1, -1));
  });
});

test('the canaries would be seen without redaction', () => {
  for (const [, planted, canary] of CANARIES) expect(JSON.stringify({ note: planted })).toContain(canary);
});

test('fields that are secret by their name are hidden whatever they hold', () => {
  const fields = {
    client_secret: 'x',
    webhook_secrets: ['x', 'y'],
    password: 'x',
    Authorization: 'x',
    'set-cookie': ['x'],
    api_key: 'x',
    access_token: 'x',
    cvc: 123,
    'Stripe-Signature': 'x',
    email: 'not even an address',
    customer_email: 'x',
    phone: '+1 555',
  };
  for (const [name, shown] of Object.entries(redactFields(fields))) {
    expect([name, shown]).toEqual([name, expect.stringMatching(/^\[(hidden|person)\]$/)]);
  }
});

test('what an operator needs stays readable', () => {
  const fields = {
    order_id: 'ord_01h455vb4pex5vsknk084sn02q',
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    session_id: 'cs_test_a1b2c3d4e5',
    payment_id: 'pi_3Abc',
    event: 'evt_1Abc',
    idempotency_key: 'kassa:01890a5d-ac96-774b-bcce-b302099a8057:open',
    amount_minor: 999_999_999_999,
    at_ms: 1_800_000_000_006,
    at: '2026-11-21T06:33:06.000Z',
    tokens: 25,
    hash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    url: 'https://api.stripe.com/v1/checkout/sessions',
    version: 'pg@8.23.1',
    paid: true,
    nothing: null,
  };
  expect(redactFields(fields)).toEqual(fields);
  expect(redactText('order ord_1 paid, 3 of 100 left')).toBe('order ord_1 paid, 3 of 100 left');
});

test('an error keeps its kind, its code, its sentence and where it came from', () => {
  const shown = redacted(new KassaError('sold_out', 'Sold out.', { offer: 'lakers' }, new TypeError('why')));
  expect(shown).toMatchObject({
    type: 'KassaError',
    code: 'sold_out',
    message: 'Sold out.',
    details: { offer: 'lakers' },
    stack: expect.stringContaining('redact.test.ts'),
    cause: { type: 'TypeError', message: 'why' },
  });
});

test('odd values become short words, and nothing is unbounded', () => {
  const cycle: Record<string, unknown> = { note: 'x' };
  cycle.self = cycle;
  expect(JSON.stringify(redacted(cycle)).length).toBeLessThan(400);
  expect(redacted([new Uint8Array(3), () => 1, Symbol('s'), 10n, Number.NaN, undefined, new Date(Number.NaN)])).toEqual(
    ['[3 bytes]', '[function]', '[symbol]', '10', 'NaN', undefined, '[no date]'],
  );
  expect(redacted(4242424242424242)).toBe('[card]');
  expect(redacted(Array.from({ length: 1000 }, () => 1))).toHaveLength(200);
  expect(redactText('y'.repeat(100_000))).toHaveLength(16_385);
});

test('a hostile text costs little time', () => {
  const started = process.cpuUsage().user;
  for (const letter of ['a', '4', '@', '1 ', '?a=', 'pi_a', 'eyJ', 'x:', '%40']) redactText(letter.repeat(20_000));
  expect(process.cpuUsage().user - started).toBeLessThan(2_000_000);
});
