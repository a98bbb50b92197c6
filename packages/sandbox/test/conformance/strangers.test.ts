// Goal: nobody but programs and pages of this computer reaches a served sandbox, and those only as they may.
import '../report/kept-fresh.ts';
import { request } from 'node:http';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox, type Sandbox, type Served, serveSandbox } from '../../src/index.ts';
import { hosted } from '../shop.ts';

const CANARY = ['4539', '5787', '6362', '1486'].join('');

interface Open {
  sandbox: Sandbox;
  served: Served;
  stripe: Stripe;
}

async function serve(): Promise<Open> {
  const sandbox = createSandbox({ strict: true });
  const served = await serveSandbox(sandbox, { port: 0, tickMs: 5 });
  onTestFinished(async () => {
    await served.close();
    await sandbox.close();
  });
  return { sandbox, served, stripe: sandbox.stripe(Stripe) };
}

interface Sent {
  method?: string;
  host?: string;
  origin?: string;
  body?: URLSearchParams;
  bytes?: number;
}

/** Byte for byte, since `fetch` mends addresses and owns some headers. Answers the status and the text. */
function raw({ served }: Open, path: string, sent: Sent = {}): Promise<{ status: number; text: string }> {
  const { method = 'GET', host = `127.0.0.1:${served.port}`, origin, body, bytes } = sent;
  const headers: Record<string, string> = { host, ...(origin === undefined ? {} : { origin }) };
  if (body) headers['content-type'] = 'application/x-www-form-urlencoded';
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: served.port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(bytes === undefined ? String(body ?? '') : Buffer.alloc(bytes, 'a'));
  });
}

async function panelToken(open: Open): Promise<string> {
  return /name="token" value="([^"]+)"/.exec((await raw(open, '/_sandbox')).text)?.[1] ?? '';
}

test('a page elsewhere cannot make itself the sandbox by an address that names it', async () => {
  const open = await serve();
  await open.stripe.customers.create({ name: 'Ann' });
  const body = new URLSearchParams({ token: await panelToken(open), action: 'reset' });
  for (const origin of ['http://evil.example', 'https://evil.example', 'null', 'http://localhost.evil.example']) {
    for (const path of ['/_sandbox/panel', '//evil.example/_sandbox/panel', 'http://evil.example/_sandbox/panel']) {
      expect((await raw(open, path, { method: 'POST', origin, body })).status, `${origin} ${path}`).toBe(403);
    }
  }
  expect((await open.stripe.customers.list()).data).toHaveLength(1);
});

test('tokens follow from nothing that others know: two sandboxes of one seed have others', async () => {
  const [one, two] = [await serve(), await serve()];
  expect(one.sandbox.keys).toEqual(two.sandbox.keys);
  expect(one.sandbox.controlToken).not.toBe(two.sandbox.controlToken);
  expect(await panelToken(one)).not.toBe(await panelToken(two));
  one.sandbox.control.snapshot('now');
  expect(JSON.stringify(one.sandbox.control.readSnapshot('now'))).not.toContain(one.sandbox.world.secret);
});

test('a person may call this machine by any of its names', async () => {
  const open = await serve();
  const body = new URLSearchParams({ token: await panelToken(open), action: 'fail_next_payment' });
  for (const name of ['127.0.0.1', 'localhost', 'blue.localhost', '[::1]']) {
    const host = `${name}:${open.served.port}`;
    const pressed = await raw(open, '/_sandbox/panel', { method: 'POST', host, origin: `http://${host}`, body });
    expect(pressed.status, name).toBe(200);
  }
  const other = { method: 'POST', origin: `http://localhost:${open.served.port}`, body };
  expect((await raw(open, '/_sandbox/panel', { ...other, host: `127.0.0.1:${open.served.port}` })).status).toBe(403);
});

test.each<[string, string, Sent, number]>([
  ['an address that cannot be read', 'http://[', {}, 400],
  ['an address that leads nowhere', '//', {}, 404],
  ['a method that nobody knows', '/', { method: 'PROPFIND' }, 405],
  ['a body that nobody would read', '/_sandbox/panel', { method: 'POST', bytes: 3 * 2 ** 20 }, 413],
  ['a body that the API would not read', '/v1/customers', { method: 'POST', bytes: 2 ** 20 + 1 }, 413],
])('%s is answered with a sentence, and the next call is served', async (_, path, sent, status) => {
  const open = await serve();
  const answer = await raw(open, path, sent);
  expect(answer.status).toBe(status);
  expect(answer.text).toMatch(/[a-z].*\./);
  expect((await open.stripe.customers.create({ name: 'Ann' })).name).toBe('Ann');
});

test('a page of another program on this computer cannot use a secret key through the browser’s door', async () => {
  const { served } = await serve();
  const call = (key: string, origin: string) =>
    fetch(`${served.url}/_client/v1/customers`, { headers: { authorization: `Bearer ${key}`, origin } });
  expect((await call('sk_test_any', 'http://127.0.0.1:3000')).status).toBe(403);
  expect((await call('pk_test_any', 'http://127.0.0.1:3000')).status).toBe(403);
  expect(await (await call('sk_test_any', 'http://127.0.0.1:3000')).text()).not.toContain('sk_test_any');
});

test('a buyer’s way back may be written in any script, and never runs as a program', async () => {
  const { served, stripe, sandbox } = await serve();
  const success_url = 'https://shop.example/спасибо?s={CHECKOUT_SESSION_ID}&name=✓';
  const session = await stripe.checkout.sessions.create(hosted({ success_url }));
  await sandbox.control.pay(session.id);
  const back = await fetch(`${served.url}/c/pay/${session.id}/return`, { redirect: 'manual' });
  expect(back.status).toBe(303);
  expect(decodeURIComponent(back.headers.get('location') ?? '')).toBe(
    success_url.replace('{CHECKOUT_SESSION_ID}', session.id),
  );
  for (const address of ['javascript://shop.example/%0aalert(1)', 'data://text/html,x']) {
    await expect(stripe.checkout.sessions.create(hosted({ success_url: address }))).rejects.toMatchObject({
      code: 'url_invalid',
      param: 'success_url',
    });
  }
});

test('a card number typed into any other field of the page is thrown away and said so', async () => {
  const { served, stripe, sandbox } = await serve();
  const session = await stripe.checkout.sessions.create(hosted());
  const html = await (await fetch(session.url ?? '')).text();
  const token = /name="token" value="([^"]+)"/.exec(html)?.[1] ?? '';
  const body = new URLSearchParams({ token, intent: 'pay', outcome: 'pays', email: 'ann@example.com', name: CANARY });
  const answer = await fetch(`${session.url}/confirm`, { method: 'POST', headers: { origin: served.url }, body });
  const shown = await answer.text();
  expect(answer.status).toBe(422);
  expect(shown).toContain('looks like a card number');
  sandbox.control.snapshot('all');
  expect(shown + JSON.stringify(sandbox.control.readSnapshot('all'))).not.toContain(CANARY);
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
});

test('what a page answers is never taken for something else', async () => {
  const { served } = await serve();
  for (const path of ['/nothing/<script>', '/_sandbox/books', '/_client/v1/customers', '/c/pay/cs_test_x', '/']) {
    const { headers } = await fetch(`${served.url}${path}`, { redirect: 'manual' });
    const type = headers.get('content-type');
    if (type !== null && !type.startsWith('application/json')) {
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    }
  }
});
