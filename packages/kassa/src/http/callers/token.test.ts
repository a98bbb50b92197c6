// Goal: an order is written to a buyer only when the shop itself vouched for them.
// Method: tokens signed here with the real algorithm, and every usual way to forge one.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { readBuyerToken } from './token.ts';

const SECRET = 'a secret that is long enough for a test';
const NOW_S = 1_800_000_000;
const read = (text: string) => readBuyerToken(text, SECRET, new Date(NOW_S * 1_000));

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(claims: object, header: object = { alg: 'HS256', typ: 'JWT' }, secret = SECRET): string {
  const body = `${part(header)}.${part(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}
const ann = { sub: 'user_1', email: 'ann@example.com', exp: NOW_S + 60 };

test('a buyer is who the shop says they are', () => {
  expect(read(token(ann))).toEqual({ user_id: 'user_1', email: 'ann@example.com' });
  expect(read(token({ sub: 'user_1', exp: NOW_S + 60 }))).toEqual({ user_id: 'user_1' });
  expect(read(token({ ...ann, email_verified: true }))).toEqual({
    user_id: 'user_1',
    email: 'ann@example.com',
    email_verified: true,
  });
});

test.each([
  ['expired', token({ ...ann, exp: NOW_S - 61 })],
  ['without an expiry', token({ sub: 'user_1' })],
  ['not valid yet', token({ ...ann, nbf: NOW_S + 61 })],
  ['without a subject', token({ exp: NOW_S + 60 })],
  ['with a subject that is no text', token({ ...ann, sub: 7 })],
  ['signed with another secret', token(ann, { alg: 'HS256' }, 'another')],
  ['signed with nothing', `${part({ alg: 'none' })}.${part(ann)}.`],
  ['that asks for no algorithm', token(ann, { alg: 'none' })],
  ['that asks for another algorithm', token(ann, { alg: 'HS512' })],
  ['with a critical extension', token(ann, { alg: 'HS256', crit: ['b64'] })],
  ['with a changed body', token(ann).replace(/\.[^.]+\./, `.${part({ ...ann, sub: 'user_2' })}.`)],
  ['with a fourth part', `${token(ann)}.x`],
  ['without parts', 'abc'],
  ['far too long', 'x'.repeat(5_000)],
])('a token %s is refused', (_what, text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
});
