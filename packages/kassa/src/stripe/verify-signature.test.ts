// Goal: only Stripe's own, recent words enter the inbox.
// Method: the official client signs and judges beside us; every forgery is tried on both, and each must bite alone.
import { createHmac } from 'node:crypto';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { WebhookRefused } from '../domain/payments/gateway.ts';
import { verifySignature } from './verify-signature.ts';

const SECRET = 'whsec_5nEfQ0cTqPjVx2R8mYw1';
const OLD_SECRET = 'whsec_retiredButStillSigning00';
const T = 1_800_000_000;
const NOW = new Date(T * 1000);
const BODY = JSON.stringify({ id: 'evt_1', object: 'event', type: 'checkout.session.completed', data: { object: {} } });

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function stripeHeader(payload: string, secret: string, timestamp = T): string {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

function mac(text: string, secret = SECRET, algorithm = 'sha256'): string {
  return createHmac(algorithm, secret).update(text).digest('hex');
}

function answer(raw: Uint8Array, header: string | null, secrets: readonly string[] = [SECRET], at = NOW): string {
  try {
    verifySignature(raw, header, secrets, at);
  } catch (error) {
    if (error instanceof WebhookRefused) return `${error.status} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

function stripeAccepts(payload: string, header: string, secret: string, at = NOW): boolean {
  try {
    Stripe.webhooks.constructEvent(payload, header, secret, 300, undefined, Math.floor(at.getTime() / 1000));
    return true;
  } catch (error) {
    // An empty signature makes the client stumble with a plain error, which is a refusal too.
    if (error instanceof Error) return false;
    throw error;
  }
}

const FAILED = '400 signature verification failed';

describe('what Stripe signs is accepted', () => {
  test.each([
    ['a small event', BODY],
    ['pretty-printed JSON with odd whitespace', `\n  ${JSON.stringify(JSON.parse(BODY), null, '\t')}\r\n `],
    ['letters beyond ASCII', JSON.stringify({ id: 'evt_2', name: 'Käßa 日本 🎟️ \u2028' })],
    ['a body of one megabyte', JSON.stringify({ id: 'evt_3', filler: 'x'.repeat(1_000_000) })],
  ])('%s, as the official client signs and accepts it', (_, payload) => {
    const header = stripeHeader(payload, SECRET);
    expect(stripeAccepts(payload, header, SECRET)).toBe(true);
    expect(answer(bytes(payload), header)).toBe('accepted');
  });

  test('bytes that are not text are signed as they are', () => {
    const raw = Uint8Array.from([0xff, 0x00, 0xfe, 0x80]);
    const signature = createHmac('sha256', SECRET).update(`${T}.`).update(raw).digest('hex');
    expect(answer(raw, `t=${T},v1=${signature}`)).toBe('accepted');
  });

  test('either secret is good while one is being rolled, and either of two signatures', () => {
    const both = [SECRET, OLD_SECRET];
    expect(answer(bytes(BODY), stripeHeader(BODY, SECRET), both)).toBe('accepted');
    expect(answer(bytes(BODY), stripeHeader(BODY, OLD_SECRET), both)).toBe('accepted');
    const signed_twice = `t=${T},v1=${mac(`${T}.${BODY}`, 'whsec_other')},v1=${mac(`${T}.${BODY}`)},v0=${'a'.repeat(64)}`;
    expect(stripeAccepts(BODY, signed_twice, SECRET)).toBe(true);
    expect(answer(bytes(BODY), signed_twice)).toBe('accepted');
    const fifteen = Array.from({ length: 15 }, () => `v1=${'0'.repeat(64)}`).join(',');
    expect(answer(bytes(BODY), `t=${T},${fifteen},v1=${mac(`${T}.${BODY}`)}`)).toBe('accepted');
  });

  test('a newline that was copied behind the secret does no harm', () => {
    expect(answer(bytes(BODY), stripeHeader(BODY, SECRET), [`${SECRET}\n`])).toBe('accepted');
  });
});

describe('forgeries are refused', () => {
  const good = mac(`${T}.${BODY}`);
  const swapped = `${good[0] === 'a' ? 'b' : 'a'}${good.slice(1)}`;
  const forged: [string, string][] = [
    ['garbage', 'garbage'],
    ['commas and equal signs only', ',=,=,'],
    ['no time', `v1=${good}`],
    ['an empty time', `t=,v1=${good}`],
    ['a time that is not a number', `t=now,v1=${good}`],
    ['a time with a fraction', `t=${T}.0,v1=${mac(`${T}.0.${BODY}`)}`],
    ['a negative time', `t=-${T},v1=${mac(`-${T}.${BODY}`)}`],
    ['a time in hex', `t=0x6b49d200,v1=${mac(`0x6b49d200.${BODY}`)}`],
    ['two times', `t=${T},t=${T},v1=${good}`],
    ['no signature', `t=${T}`],
    ['an empty signature', `t=${T},v1=`],
    ['a signature of the old scheme only', `t=${T},v0=${good}`],
    ['a signature in an unknown scheme', `t=${T},v2=${good}`],
    ['a signature by another secret', `t=${T},v1=${mac(`${T}.${BODY}`, 'whsec_attacker00')}`],
    ['a signature by an empty secret', `t=${T},v1=${mac(`${T}.${BODY}`, '')}`],
    ['a signature of the body without its time', `t=${T},v1=${mac(BODY)}`],
    ['a signature of another time', `t=${T},v1=${mac(`${T - 1}.${BODY}`)}`],
    ['a signature of another body', `t=${T},v1=${mac(`${T}.${BODY} `)}`],
    ['a weaker hash', `t=${T},v1=${mac(`${T}.${BODY}`, SECRET, 'sha1')}`],
    ['a longer hash', `t=${T},v1=${mac(`${T}.${BODY}`, SECRET, 'sha512')}`],
    ['a signature with one letter changed', `t=${T},v1=${swapped}`],
    ['a signature cut short', `t=${T},v1=${good.slice(0, 62)}`],
    ['a signature with two letters more', `t=${T},v1=${good}00`],
    ['the secret without its prefix as key', `t=${T},v1=${mac(`${T}.${BODY}`, SECRET.slice(6))}`],
    ['a thousand guesses', `t=${T},${Array.from({ length: 1000 }, () => `v1=${'0'.repeat(64)}`).join(',')},v1=${good}`],
    ['sixteen guesses', `t=${T},${Array.from({ length: 16 }, () => `v1=${'0'.repeat(64)}`).join(',')},v1=${good}`],
  ];

  test.each(forged)('%s', (_, header) => {
    expect(answer(bytes(BODY), header)).toBe(FAILED);
  });

  test('and the official client refuses all of them too, bar those where we are stricter', () => {
    const accepted = forged.filter(([, header]) => stripeAccepts(BODY, header, SECRET)).map(([name]) => name);
    expect(accepted).toEqual(['two times', 'a thousand guesses', 'sixteen guesses']);
  });

  test('no header, an empty one', () => {
    for (const header of [null, '', '  ']) {
      expect(answer(bytes(BODY), header)).toBe('400 missing Stripe-Signature header');
    }
  });

  test('every single changed byte of the body', () => {
    const header = stripeHeader(BODY, SECRET);
    const raw = bytes(BODY);
    for (let at = 0; at < raw.length; at += 1) {
      const changed = raw.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(answer(changed, header)).toBe(FAILED);
    }
    expect(answer(raw.slice(1), header)).toBe(FAILED);
    expect(answer(new Uint8Array(), header)).toBe(FAILED);
  });

  test('a good header of another event', () => {
    expect(answer(bytes(BODY), stripeHeader(`${BODY}\n`, SECRET))).toBe(FAILED);
  });
});

describe('old and early words are refused', () => {
  const late = '400 timestamp outside the tolerance zone';
  test.each([
    [299, 'accepted'],
    [300, 'accepted'],
    [301, late],
    [86_400, late],
    [-60, 'accepted'],
    [-61, late],
    [-315_360_000, late],
  ])('an event signed %d seconds ago: %s', (age_s, expected) => {
    expect(answer(bytes(BODY), stripeHeader(BODY, SECRET, T - age_s))).toBe(expected);
  });

  test('the client alone would take a date ten years ahead, which is why we have a rule', () => {
    const header = stripeHeader(BODY, SECRET, T + 315_360_000);
    expect(stripeAccepts(BODY, header, SECRET)).toBe(true);
  });

  test('a forger learns nothing about clocks: an old forgery reads like a fresh one', () => {
    const header = `t=${T - 9999},v1=${mac(`${T - 9999}.${BODY}`, 'whsec_attacker00')}`;
    expect(answer(bytes(BODY), header)).toBe(FAILED);
  });
});

test('without a secret nothing passes, and Stripe is told to come again', () => {
  for (const secrets of [[], [''], ['  \n']]) {
    const blank = secrets[0] ?? '';
    const header = `t=${T},v1=${mac(`${T}.${BODY}`, blank)}`;
    expect(answer(bytes(BODY), header, secrets)).toBe('503 no webhook secret is configured');
  }
  expect(answer(bytes(BODY), `t=${T},v1=${mac(`${T}.${BODY}`, '')}`, ['', SECRET])).toBe(FAILED);
});
