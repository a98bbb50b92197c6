// Goal: a buyer is never sent anywhere but to the shop, and Stripe always finds its placeholder.
// Method: the known tricks by hand, and random prefixes, suffixes and origins from fast-check; its seed is printed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KassaError } from '../kernel/errors.ts';
import { checkReturnUrl, withoutQuery, withSessionId } from './return-url.ts';

const POLICY = { origins: ['https://shop.example', 'http://127.0.0.1:4242'], loopback_http: true };
const check = (text: string): string => checkReturnUrl(text, 'success_url', POLICY);
const refused = (text: string): boolean => {
  try {
    check(text);
    return false;
  } catch (error) {
    return error instanceof KassaError && error.code === 'url_not_allowed';
  }
};

describe('check 49: an address that leads away from the shop is refused', () => {
  test.each([
    'https://evil.example',
    '//shop.example',
    '//evil.example',
    'javascript:alert(1)',
    'javascript://shop.example/%0aalert(1)',
    'data:text/html,x',
    'https://shop.example@evil.example',
    'https://user@shop.example/',
    'https://@shop.example/',
    'https://:@shop.example/',
    'https://shop.example:@evil.example/',
    'https://shop.example.evil.example',
    'https://shop.example:8443/',
    'https://evil.example/https://shop.example',
    'https://evil.example#shop.example',
    'https://evil.example?https://shop.example',
    'https://evil.example\\@shop.example',
    'https:\\\\shop.example',
    'https:/\\shop.example',
    'https:shop.example',
    'https:///shop.example',
    'https://shop.example\\evil',
    'https://shop.example/\\evil.example',
    'https://shop.example//evil.example',
    'http://shop.example/',
    'http://127.0.0.1:9999/',
    'http://127.0.0.1.evil.example:4242/',
    'http://2130706433:4243/',
    'ftp://shop.example/',
    ' https://shop.example/',
    'https://shop.example/\n',
    'https://shop.example/a\tb',
    'https://shop\u200b.example/',
    'https://shop.example\u3002evil.example/',
    'https://ѕhop.example/',
    'https://shop.example%2eevil.example/',
    'https://shop.example%00.evil.example/',
    '/pay',
    'pay',
    '',
    `https://shop.example/${'x'.repeat(2_048)}`,
  ])('%j', (text) => {
    expect(refused(text)).toBe(true);
  });

  test('whatever is put around an origin, an accepted address parses to an origin of the shop', () => {
    const bits = ['https://', 'http://', '//', '/', '\\', '@', ':', '#', '?', '.', '%', 'shop.example', 'evil.example'];
    const noise = fc.array(fc.oneof(fc.constantFrom(...bits), fc.string({ maxLength: 3 })), { maxLength: 7 });
    fc.assert(
      fc.property(noise, fc.boolean(), (parts, rooted) => {
        const text = (rooted ? 'https://' : '') + parts.join('');
        if (refused(text)) return;
        const url = new URL(check(text));
        expect(POLICY.origins).toContain(url.origin);
        expect(url.username + url.password).toBe('');
      }),
      { numRuns: 2_000 },
    );
  });

  test('in live mode not even this computer is reached without https', () => {
    const live = { origins: ['http://127.0.0.1:4242'], loopback_http: false };
    expect(() => checkReturnUrl('http://127.0.0.1:4242/', 'success_url', live)).toThrow(KassaError);
    expect(check('http://127.0.0.1:4242/')).toBe('http://127.0.0.1:4242/');
  });
});

describe('an address of the shop is kept as it was given', () => {
  test.each(['https://shop.example', 'https://shop.example/pay?a=%20&b=%C3%BC#top', 'https://shop.example:443/x'])(
    '%s',
    (text) => expect(check(text)).toBe(text),
  );

  test.each([
    '{CHECKOUT_SESSION_ID}',
    '{{CHECKOUT_SESSION_ID}}',
    '%7BCHECKOUT_SESSION_ID%7D',
    '%7bCHECKOUT_SESSION_ID%7d',
  ])('check 48: %s reaches Stripe with single raw braces', (written) => {
    const url = check(`https://shop.example/pay?session_id=${written}`);
    expect(url).toBe('https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}');
    expect(withSessionId(url)).toBe(url);
  });

  test.each([
    ['https://shop.example/pay', 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}'],
    ['https://shop.example/pay?a=1', 'https://shop.example/pay?a=1&session_id={CHECKOUT_SESSION_ID}'],
    ['https://shop.example/pay?', 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}'],
    ['https://shop.example/pay#/done', 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}#/done'],
    ['https://shop.example/{CHECKOUT_SESSION_ID}', 'https://shop.example/{CHECKOUT_SESSION_ID}'],
  ])('check 47: %s becomes %s', (given, sent) => {
    expect(withSessionId(given)).toBe(sent);
  });

  test('check 50: back leads to the page without its query', () => {
    expect(withoutQuery('https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}#x')).toBe(
      'https://shop.example/pay',
    );
  });
});
