// Goal: every refusal carries the code and status of the error table, and nothing more than its sentence.
// Method: the table of codes and statuses, written down a second time.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assert } from './assert.ts';
import { Bug, ERROR_CODES, KassaError, statusOf, wireCode } from './errors.ts';

const TABLE = `
  INVALID_REQUEST 400, INVALID_AMOUNT 400, AMOUNT_OUT_OF_RANGE 400, AMOUNT_TOO_SMALL 400, URL_NOT_ALLOWED 400,
  CARD_DATA_REFUSED 400, IDEMPOTENCY_KEY_REQUIRED 400, UNAUTHENTICATED 401, CARD_DECLINED 402, FORBIDDEN 403,
  CSRF_FAILED 403, CLIENT_AMOUNT_REFUSED 403, NOT_FOUND 404, PRICE_MISMATCH 409, SOLD_OUT 409, SLOT_TAKEN 409,
  COUPON_NOT_VALID 409, QUOTE_EXPIRED 409, SESSION_NOT_OPEN 409, PAYMENT_NOT_SUCCEEDED 409,
  PAYMENT_ALREADY_SUCCEEDED 409, ALREADY_REFUNDED 409, REFUND_EXCEEDS_PAYMENT 409, INSUFFICIENT_STRIPE_BALANCE 409,
  IDEMPOTENCY_KEY_REUSED 409, IDEMPOTENCY_KEY_IN_USE 409, BODY_TOO_LARGE 413, UNSUPPORTED_MEDIA_TYPE 415,
  METHOD_NOT_ALLOWED 405, RATE_LIMITED 429, INTERNAL_ERROR 500, PAYMENT_PROVIDER_UNAVAILABLE 503,
  OVERLOADED 503,
  SIGN_IN_UNAVAILABLE 503`;

test('the error table is the one that the contracts promise', () => {
  const promised = TABLE.split(',')
    .map((row) => row.trim())
    .sort();
  expect(ERROR_CODES.map((code) => `${wireCode(code)} ${statusOf(code)}`).sort()).toEqual(promised);
});

test('every code has its page: a heading, what happened, why, and the next step', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const chapters = page.split(/^### /m).slice(1);
  expect(chapters.map((chapter) => chapter.split('\n', 1)[0])).toEqual(
    expect.arrayContaining(ERROR_CODES.map((code) => `\`${wireCode(code)}\` (${statusOf(code)})`)),
  );
  expect(chapters).toHaveLength(ERROR_CODES.length);
  for (const chapter of chapters) {
    expect(chapter).toMatch(/^\*\*What happened\.\*\* \S/m);
    expect(chapter).toMatch(/^\*\*Why\.\*\* \S/m);
    expect(chapter).toMatch(/^\*\*What to do\.\*\* \S/m);
  }
});

test('a refusal carries its code, status, sentence and details; the cause stays beside it', () => {
  const cause = new Error('the real one');
  const refusal = new KassaError('sold_out', 'Sold out.', { offer: 'lakers' }, cause);
  expect(refusal).toMatchObject({
    code: 'sold_out',
    status: 409,
    message: 'Sold out.',
    details: { offer: 'lakers' },
    cause,
  });
  expect(new KassaError('not_found', 'There is no such order.')).toMatchObject({ status: 404, details: {} });
  expect(JSON.stringify(refusal)).not.toContain('the real one');
});

test('a failed assertion is a bug with its sentence, and a held one costs nothing', () => {
  expect(() => assert(0, 'a line has a quantity')).toThrow(new Bug('a line has a quantity'));
  expect(() => assert('x', 'never said')).not.toThrow();
});
