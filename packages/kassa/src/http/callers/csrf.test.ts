// Goal: a page of another site cannot make a signed-in buyer's browser book anything.
// Method: the check alone, with what each attack can and cannot send.
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { cookieIn, cookieOf, isTokenOf, makeToken, refuseForeignPage, type Sender } from './csrf.ts';

const random = seededRandom('csrf');
const ORIGINS = ['https://shop.example'];
const owner = { secret: 'held by the shop', sign_in_id: 'ann' };
const token = makeToken(owner, random);
const honest: Sender = { method: 'POST', cookie: token, token, origin: 'https://shop.example', referer: undefined };
const check = (sent: Partial<Sender>) => () => refuseForeignPage({ ...honest, ...sent }, owner, ORIGINS);
const refused = expect.objectContaining({ code: 'csrf_failed' });

test('a page of the shop may book, and says where it is by Origin or by Referer', () => {
  expect(check({})).not.toThrow();
  expect(check({ origin: undefined, referer: 'https://shop.example/book?x=1' })).not.toThrow();
});

test('reading needs no token', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    expect(check({ method, token: undefined, cookie: undefined, origin: undefined })).not.toThrow();
  }
});

const of_bob = makeToken({ ...owner, sign_in_id: 'bob' }, random);
const homemade = makeToken({ ...owner, secret: 'made up by the attacker' }, random);
test.each<[string, Partial<Sender>]>([
  ['without the header', { token: undefined }],
  ['with an empty header', { token: '' }],
  ['without the cookie', { cookie: undefined }],
  ['with another token in the header', { token: makeToken(owner, random) }],
  ['with a planted cookie of the attacker’s own sign-in', { cookie: of_bob, token: of_bob }],
  ['with a planted cookie that nobody sealed', { cookie: homemade, token: homemade }],
  ['with a planted cookie of any text', { cookie: 'x', token: 'x' }],
  ['from another site', { origin: 'https://evil.example' }],
  ['from a site that begins alike', { origin: 'https://shop.example.evil.example' }],
  ['from a frame without an origin', { origin: 'null', referer: 'https://shop.example/' }],
  ['from nowhere', { origin: undefined }],
  ['with the Referer of another site', { origin: undefined, referer: 'https://evil.example/?https://shop.example' }],
  ['with a Referer that is no address', { origin: undefined, referer: 'shop.example' }],
  ['by another method', { method: 'DELETE', token: undefined }],
])('a request %s is refused', (_what, sent) => {
  expect(check(sent)).toThrow(refused);
});

test('no list of origins lets in a page that has none', () => {
  const nowhere = { ...honest, origin: 'null' };
  expect(() => refuseForeignPage(nowhere, owner, ['https://shop.example', 'null'])).toThrow(refused);
});

test('a token is good for one sign-in of one shop, and no two are alike', () => {
  expect(isTokenOf(token, owner)).toBe(true);
  expect(isTokenOf(token, { ...owner, sign_in_id: 'bob' })).toBe(false);
  expect(isTokenOf(token, { ...owner, secret: 'of another shop' })).toBe(false);
  expect(isTokenOf(`${token}0`, owner)).toBe(false);
  expect(makeToken(owner, random)).not.toBe(token);
});

test('the cookie can be read by the page and stays with it', () => {
  expect(cookieOf(token)).toBe(`csrftoken=${token}; Path=/; SameSite=Lax; Secure`);
  expect(cookieIn(`a=b; csrftoken=${token}; c="d"`, 'csrftoken')).toBe(token);
  expect(cookieIn('csrftoken=a; csrftoken=b', 'csrftoken')).toBeUndefined();
  expect(cookieIn('xcsrftoken=a', 'csrftoken')).toBeUndefined();
  expect(cookieIn(undefined, 'csrftoken')).toBeUndefined();
});
