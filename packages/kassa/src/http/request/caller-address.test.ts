import { expect, test } from 'vitest';
import { callerAddress, isLoopback } from './caller-address.ts';

test.each([
  ['203.0.113.7', '1.2.3.4', 0, '203.0.113.7'],
  ['::ffff:203.0.113.7', undefined, 0, '203.0.113.7'],
  ['10.0.0.1', '198.51.100.1', 1, '198.51.100.1'],
  ['10.0.0.1', 'forged, 198.51.100.1', 1, '198.51.100.1'],
  ['10.0.0.1', '198.51.100.1, 10.0.0.2', 2, '198.51.100.1'],
  ['10.0.0.1', '198.51.100.1', 2, '10.0.0.1'],
  ['10.0.0.1', undefined, 1, '10.0.0.1'],
  ['10.0.0.1', 'not an address', 1, '10.0.0.1'],
  ['10.0.0.1', 'a'.repeat(500), 1, '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', undefined, 0, '2001:db8:1:2::/64'],
  ['2001:0DB8:1:2::9', undefined, 0, '2001:db8:1:2::/64'],
  ['2001:db8::1', undefined, 0, '2001:db8:0:0::/64'],
  ['::1', undefined, 0, '0:0:0:0::/64'],
])('socket %s with X-Forwarded-For %s behind %i proxies is counted as %s', (socket, forwarded, hops, counted) => {
  expect(callerAddress(socket, forwarded, hops)).toBe(counted);
});

test('this computer has several names, and no other computer has one of them', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) expect(isLoopback(address)).toBe(true);
  for (const address of ['', '10.0.0.1', '128.0.0.1', '::2', '127.0.0.1.evil.example', '::ffff:10.0.0.1']) {
    expect(isLoopback(address)).toBe(false);
  }
});
