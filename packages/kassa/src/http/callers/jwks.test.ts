// Goal: buyers are signed in by keys that their issuer publishes, through outages and changes of keys, and by no others.
// Method: real key pairs; an issuer that a test can change, slow down or switch off; time moves by hand.
import { createHmac, generateKeyPairSync, type KeyObject, type SignKeyObjectInput, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { signedByKeySet } from './jwks.ts';
import { openedBy, readBuyerToken } from './token.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const next_rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const weak_rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other_curve = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ed = generateKeyPairSync('ed25519');

const jwk = (key: KeyObject, fields: object): object => ({ ...key.export({ format: 'jwk' }), ...fields });
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The issuer and the shop that believes it. */
function issuer(keys: readonly unknown[], limit_ms: number | null = null) {
  let now_ms = Date.UTC(2027, 0, 1);
  const clock: Clock = { now: () => new Date(now_ms), sleep: async () => undefined };
  const logged: string[] = [];
  const write = (_fields: object, sentence: string): void => void logged.push(sentence);
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  const desk = {
    asked: 0,
    logged,
    keys,
    answer: async (): Promise<Response> => Response.json({ keys: desk.keys }),
    pass: (ms: number) => {
      now_ms += ms;
    },
    token(alg: string, kid: string | undefined, key: SignKeyObjectInput, hash: string | null): string {
      const exp = now_ms / 1_000 + 60;
      const body = `${part({ alg, ...(kid === undefined ? {} : { kid }) })}.${part({ sub: 'ann', exp })}`;
      return `${body}.${sign(hash, Buffer.from(body), key).toString('base64url')}`;
    },
    rs256: (kid: string | undefined, key: KeyObject = rsa.privateKey) => desk.token('RS256', kid, { key }, 'sha256'),
    read: async (token: string) => {
      const rules = { issuer: null, audience: null, now: clock.now() };
      try {
        return (await readBuyerToken(token, openedBy(check), rules)).user_id;
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
  };
  const http = async (): Promise<Response> => {
    desk.asked += 1;
    return desk.answer();
  };
  const check = signedByKeySet({ url: 'https://issuer.example/jwks', http, clock, log, limit_ms });
  return desk;
}

const RSA = jwk(rsa.publicKey, { kid: 'one', use: 'sig', alg: 'RS256' });
const ALL = [RSA, jwk(ec.publicKey, { kid: 'two' }), jwk(ed.publicKey, { kid: 'three', key_ops: ['verify'] })];

test('RS256, ES256 and EdDSA sign buyers in, and the keys are asked for once', async () => {
  const desk = issuer(ALL);
  const es256 = desk.token('ES256', 'two', { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }, 'sha256');
  const eddsa = desk.token('EdDSA', 'three', { key: ed.privateKey }, null);
  for (const token of [desk.rs256('one'), es256, eddsa]) expect(await desk.read(token)).toBe('ann');
  expect(await Promise.all(Array.from({ length: 20 }, () => desk.read(desk.rs256('one'))))).toEqual(
    Array(20).fill('ann'),
  );
  expect(desk.asked).toBe(1);
});

test('a token that names no key is checked with every key of its algorithm', async () => {
  const desk = issuer(ALL);
  expect(await desk.read(desk.rs256(undefined))).toBe('ann');
  expect(await desk.read(desk.rs256(undefined, next_rsa.privateKey))).toBe('unauthenticated');
});

test('a public key is never taken for a shared secret', async () => {
  const desk = issuer([...ALL, { kty: 'oct', kid: 'oct', k: Buffer.from('known to all').toString('base64url') }]);
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  for (const [kid, secret] of [
    ['one', pem],
    ['oct', 'known to all'],
  ] as const) {
    const body = `${part({ alg: 'HS256', kid })}.${part({ sub: 'ann', exp: 2_000_000_000 })}`;
    const signature = createHmac('sha256', secret).update(body).digest('base64url');
    expect(await desk.read(`${body}.${signature}`)).toBe('unauthenticated');
  }
  expect(desk.asked).toBe(0);
});

test('a key signs by its own algorithm alone, and weak or foreign ones by none', async () => {
  const odd = [
    jwk(weak_rsa.publicKey, { kid: 'weak' }),
    jwk(other_curve.publicKey, { kid: 'curve' }),
    jwk(next_rsa.publicKey, { kid: 'for secrets', use: 'enc' }),
    jwk(next_rsa.publicKey, { kid: 'other algorithm', alg: 'PS256' }),
    { kty: 'RSA', kid: 'broken', n: '!', e: 7 },
  ];
  const desk = issuer([...odd, ...ALL]);
  const forged = [
    desk.rs256('weak', weak_rsa.privateKey),
    desk.token('ES256', 'curve', { key: other_curve.privateKey, dsaEncoding: 'ieee-p1363' }, 'sha256'),
    desk.rs256('for secrets', next_rsa.privateKey),
    desk.rs256('other algorithm', next_rsa.privateKey),
    desk.token('ES256', 'one', { key: rsa.privateKey }, 'sha256'),
    desk.token('none', 'one', { key: rsa.privateKey }, 'sha256'),
    desk.token('__proto__', 'one', { key: rsa.privateKey }, 'sha256'),
  ];
  for (const token of forged) expect(await desk.read(token)).toBe('unauthenticated');
  expect(await desk.read(desk.rs256('one'))).toBe('ann');
  expect(desk.logged).toContain('a key that signs buyers in cannot be used');
});

test('an issuer may change its keys, and nobody can make us ask it all the time', async () => {
  const desk = issuer([RSA]);
  expect(await desk.read(desk.rs256('one'))).toBe('ann');
  desk.keys = [jwk(next_rsa.publicKey, { kid: 'next' })];
  expect(await desk.read(desk.rs256('next', next_rsa.privateKey))).toBe('unauthenticated');
  expect(desk.asked).toBe(1);
  desk.pass(31_000);
  expect(await desk.read(desk.rs256('next', next_rsa.privateKey))).toBe('ann');
  expect(await desk.read(desk.rs256('one'))).toBe('unauthenticated');
  for (let guess = 0; guess < 50; guess += 1) await desk.read(desk.rs256(`guess ${guess}`));
  expect(desk.asked).toBe(2);
});

test('while the issuer is away buyers stay signed in for a day, and then are asked to come again', async () => {
  const desk = issuer([RSA]);
  expect(await desk.read(desk.rs256('one'))).toBe('ann');
  desk.answer = async () => new Response('away', { status: 502 });
  desk.pass(DAY_MS - MINUTE_MS);
  expect(await desk.read(desk.rs256('one'))).toBe('ann');
  desk.pass(2 * MINUTE_MS);
  expect(await desk.read(desk.rs256('one'))).toBe('sign_in_unavailable');
});

test.each([
  ['nothing but an error', async () => Promise.reject(new Error('no way there'))],
  ['a redirect', async () => new Response(null, { status: 302, headers: { Location: 'https://evil.example' } })],
  ['no JSON', async () => new Response('<html>')],
  ['no keys', async () => Response.json({})],
  ['far too much', async () => Response.json({ keys: [RSA], more: 'x'.repeat(300_000) })],
] as [string, () => Promise<Response>][])('an issuer that answers %s signs nobody in', async (_what, answer) => {
  const desk = issuer([RSA]);
  desk.answer = answer;
  expect(await desk.read(desk.rs256('one'))).toBe('sign_in_unavailable');
  expect(desk.logged).toEqual(['the keys that sign buyers in could not be read']);
});

test('an issuer that hangs is not waited for', async () => {
  const desk = issuer([RSA], 2_000);
  desk.answer = () => new Promise(() => undefined);
  expect(await desk.read(desk.rs256('one'))).toBe('sign_in_unavailable');
});
