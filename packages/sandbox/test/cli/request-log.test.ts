// Goal: `logs tail` shows exactly the calls that were asked for. Method: one call, every filter, matching and not.
import '../report/kept-fresh.ts';
import { expect, test } from 'vitest';
import { loggedCall, passes, readFilters } from '../../src/listen/request-log.ts';

const error = { type: 'card_error', code: 'card_declined', decline_code: 'lost_card', payment_intent: { id: 'pi_1' } };
const declined = loggedCall(
  { method: 'POST', path: '/v1/payment_intents', search: '?expand[]=customer', header: () => null, body: () => '' },
  { status: 402, headers: { 'request-id': 'req_1' }, body: JSON.stringify({ error }), cut: false },
  1_800_000_000,
);

test('a call is logged with its path and the plain words of its error', () => {
  expect(declined).toEqual({
    created_at: 1_800_000_000,
    livemode: false,
    method: 'POST',
    request_id: 'req_1',
    status: 402,
    url: '/v1/payment_intents',
    error: { type: 'card_error', code: 'card_declined', decline_code: 'lost_card', message: '', charge: '', param: '' },
  });
});

test.each([
  ['filter_account', 'self', 'connect_in'],
  ['filter_http_method', 'POST', 'GET'],
  ['filter_ip_address', '127.0.0.1', '10.0.0.1'],
  ['filter_request_path', '/v1/payment_intents', '/v1/payment_intents/pi_1'],
  ['filter_request_status', 'FAILED', 'SUCCEEDED'],
  ['filter_source', 'API', 'DASHBOARD'],
  ['filter_status_code', '402', '400'],
  ['filter_status_code_type', '400', '200'],
])('%s lets %s through and not %s', (name, match, other) => {
  const filters = (...words: string[]) => readFilters(JSON.stringify({ [name]: words }));
  expect(passes(declined, filters(match))).toBe(true);
  expect(passes(declined, filters(other, match))).toBe(true);
  expect(passes(declined, filters(other))).toBe(false);
  expect(passes(declined, filters())).toBe(true);
  expect(passes(declined, { ...filters(match), filter_http_method: ['DELETE'] })).toBe(false);
});

test('no filter is no filter', () => {
  expect(readFilters(undefined)).toEqual({});
  expect(passes(declined, {})).toBe(true);
});
