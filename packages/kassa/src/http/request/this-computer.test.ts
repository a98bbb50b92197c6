// Goal: only a program of this computer that asks us directly is taken for one.
// Method: the real request context of Hono, with every header that a proxy adds and every name that points here.
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { HttpEnv } from './context.ts';
import { comesFromHere, isOfThisComputer } from './this-computer.ts';

const app = new Hono<HttpEnv>();
app.get('/', (c) => c.json([comesFromHere(c), isOfThisComputer(c)]));

async function judged(ip: string, host: string, headers: Record<string, string> = {}): Promise<unknown> {
  return (await app.request(`http://${host}/`, { headers }, { ip })).json();
}

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('the socket %s is of this computer', async (ip) => {
  for (const host of ['localhost:4242', '127.0.0.1:4242', '[::1]:4242'])
    expect(await judged(ip, host)).toEqual([true, true]);
  expect(await judged(ip, 'rebound.example:4242')).toEqual([true, false]);
});

test.each(['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP', 'Forwarded', 'Via'])(
  'who comes with %s came through a proxy, wherever it runs',
  async (name) => {
    expect(await judged('::1', 'localhost:4242', { [name]: '127.0.0.1' })).toEqual([false, false]);
  },
);

test.each(['192.168.1.9', '::', '2001:db8::1', ''])('the socket %j is another computer', async (ip) => {
  expect(await judged(ip, 'localhost:4242')).toEqual([false, false]);
});
