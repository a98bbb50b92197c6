// Goal: an order is written to a buyer only when the shop itself, or whoever signs its buyers in, vouched for them.
// Method: tokens signed here with the real algorithms, and every usual way to forge one.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { openedBy, readBuyerToken, remembered, signedBySecret, type TokenRules } from './token.ts';

const SECRET = 'a secret that is long enough for a test';
const NOW_S = 1_800_000_000;
const RULES: TokenRules = { issuer: null, audience: null, now: new Date(NOW_S * 1_000) };
const open = openedBy(signedBySecret(SECRET));
const read = (text: string, rules: Partial<TokenRules> = {}) => readBuyerToken(text, open, { ...RULES, ...rules });

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(claims: object, header: object = { alg: 'HS256', typ: 'JWT' }, secret = SECRET): string {
  const body = `${part(header)}.${part(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}
const ann = { sub: 'user_1', email: 'ann@example.com', exp: NOW_S + 60 };
const refused = expect.objectContaining({ code: 'unauthenticated' });

test('a buyer is who the shop says they are', async () => {
  expect(await read(token(ann))).toEqual({ user_id: 'user_1', email: 'ann@example.com' });
  expect(await read(token({ sub: 'user_1', exp: NOW_S + 60 }))).toEqual({ user_id: 'user_1' });
  expect(await read(token({ ...ann, email_verified: true }))).toEqual({
    user_id: 'user_1',
    email: 'ann@example.com',
    email_verified: true,
  });
});

test('what is no address of a person is not taken for one', async () => {
  for (const email of ['', 'ann', 'ann@example.com\nBcc: all@example.com', 7, `${'a'.repeat(250)}@b.example`]) {
    expect(await read(token({ ...ann, email }))).toEqual({ user_id: 'user_1' });
  }
});

test.each([
  ['expired', token({ ...ann, exp: NOW_S - 61 })],
  ['without an expiry', token({ sub: 'user_1' })],
  ['not valid yet', token({ ...ann, nbf: NOW_S + 61 })],
  ['without a subject', token({ exp: NOW_S + 60 })],
  ['with a subject that is no text', token({ ...ann, sub: 7 })],
  ['with a subject that no database holds', token({ ...ann, sub: 'user\u0000' })],
  ['signed with another secret', token(ann, { alg: 'HS256' }, 'another')],
  ['signed with nothing', `${part({ alg: 'none' })}.${part(ann)}.`],
  ['that asks for no algorithm', token(ann, { alg: 'none' })],
  ['that asks for another algorithm', token(ann, { alg: 'HS512' })],
  ['that says it was signed with a public key', token(ann, { alg: 'RS256' })],
  ['with a critical extension', token(ann, { alg: 'HS256', crit: ['b64'] })],
  ['with a changed body', token(ann).replace(/\.[^.]+\./, `.${part({ ...ann, sub: 'user_2' })}.`)],
  ['with a fourth part', `${token(ann)}.x`],
  ['without parts', 'abc'],
  ['that is no JSON', `${part('x')}.${Buffer.from('{').toString('base64url')}.x`],
  ['far too long', `${'x'.repeat(9_000)}.x.x`],
])('a token %s is refused', async (_what, text) => {
  await expect(read(text)).rejects.toThrow(refused);
});

test('a token of another issuer, or for somebody else, is refused once the shop says whose it takes', async () => {
  const signed = token({ ...ann, iss: 'https://issuer.example', aud: ['shop', 'account'] });
  expect(await read(signed, { issuer: 'https://issuer.example', audience: 'shop' })).toMatchObject({
    user_id: 'user_1',
  });
  await expect(read(signed, { issuer: 'https://other.example' })).rejects.toThrow(refused);
  await expect(read(signed, { audience: 'another shop' })).rejects.toThrow(refused);
  await expect(read(token(ann), { issuer: 'https://issuer.example' })).rejects.toThrow(refused);
  await expect(read(token(ann), { audience: 'shop' })).rejects.toThrow(refused);
});

test('a token that was opened before is looked at by the same rules, and no other one passes for it', async () => {
  let looked = 0;
  const again = remembered((text) => {
    looked += 1;
    return open(text);
  });
  const readAgain = (text: string, rules: Partial<TokenRules> = {}) =>
    readBuyerToken(text, again, { ...RULES, ...rules });
  const good = token({ ...ann, iss: 'https://issuer.example' });
  expect(await readAgain(good)).toEqual(await readAgain(good));
  expect(looked).toBe(1);
  await expect(readAgain(good, { now: new Date((NOW_S + 121) * 1_000) })).rejects.toThrow(refused);
  await expect(readAgain(good, { issuer: 'https://other.example' })).rejects.toThrow(refused);
  for (const other of [`${good}x`, good.slice(0, -1), token(ann, { alg: 'HS256' }, 'another')]) {
    await expect(readAgain(other)).rejects.toThrow(refused);
    await expect(readAgain(other)).rejects.toThrow(refused);
  }
  // What was refused is not remembered.
  expect(looked).toBe(7);
});

test('no more tokens are remembered than a shop has buyers at once', async () => {
  let looked = 0;
  const again = remembered(async (text) => {
    looked += 1;
    return { sub: text };
  });
  for (let at = 0; at < 1_001; at += 1) await again(`token ${at}`);
  await again('token 1000');
  expect(looked).toBe(1_001);
  await again('token 0');
  expect(looked).toBe(1_002);
});
