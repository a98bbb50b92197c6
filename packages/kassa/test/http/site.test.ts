// Goal: the shop's pages are served as they are, nothing else of the disk is, and the demo stays light.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { desk } from './port.ts';

const PAGES = fileURLToPath(new URL('../../../../examples/blue-hall/pages', import.meta.url));
const TICKETS = fileURLToPath(new URL('../../../../examples/tickets/pages', import.meta.url));

test('a page is served by its name, kept by the browser, and asked for again', async () => {
  const { send } = desk({ site_folder: PAGES });
  const page = await send('/pay');
  expect([page.status, page.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('Cache-Control')).toBe('no-cache');
  expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'self'");
  expect(page.headers.get('Content-Security-Policy')).not.toContain('unsafe');
  expect(await page.text()).toBe(readFileSync(`${PAGES}/pay.html`, 'utf8'));
  const again = await send('/pay', { headers: { 'If-None-Match': page.headers.get('ETag') ?? '' } });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

test.each([
  '/../kassa.config.ts',
  '/..%2fkassa.config.ts',
  '/%2e%2e/kassa.config.ts',
  '/pages/index.html',
  '/index.html',
  '/kassa.config.ts',
  '/etc/passwd',
  '/hall.css%00.html',
  '/.',
])('%s is not a page', async (path) => {
  const { send } = desk({ site_folder: PAGES });
  const answer = await send(path);
  expect(path === '/.' ? 200 : 404).toBe(answer.status);
  expect(await answer.text()).not.toContain('defineKassa');
});

test('who reads pages is told in the shop’s words that there is none, a program in ours', async () => {
  const { send } = desk({ site_folder: PAGES });
  const person = await send('/nowhere', { headers: { Accept: 'text/html,*/*' } });
  expect([person.status, person.headers.get('Content-Type')]).toEqual([404, 'text/html; charset=utf-8']);
  expect(await person.text()).toContain('This row has no such seat');
  expect(await (await send('/nowhere')).json()).toMatchObject({ code: 'NOT_FOUND' });
});

test('a page may stand for every address below its name', async () => {
  const { send } = desk({ site_folder: TICKETS });
  const page = readFileSync(`${TICKETS}/screening.below.html`, 'utf8');
  for (const path of ['/screening/screening_1/confirmation/cs_test_1', '/screening/..%2f..%2fkassa.config.ts']) {
    const answer = await send(path);
    expect([answer.status, await answer.text()]).toEqual([200, page]);
  }
  expect((await send('/screening.below')).status).toBe(404);
});

test('pages are told which Stripe.js to load, and may load that and nothing else from elsewhere', async () => {
  const sandbox = { script: 'http://127.0.0.1:4243/sandbox/stripe.js', publishable_key: 'pk_test_sandbox_1' };
  const shop = desk({ site_folder: PAGES, stripe_js: sandbox });
  expect(await (await shop.send('/pay/stripe-js')).json()).toEqual(sandbox);
  const elsewhere = async (stripe_js: typeof sandbox | null): Promise<string[]> => {
    const policy = (await desk({ site_folder: PAGES, stripe_js }).send('/')).headers.get('Content-Security-Policy');
    const sources = (policy ?? '').split(/[; ]+/).filter((word) => /^http/.test(word));
    return [...new Set(sources.map((source) => new URL(source.replace('*.', '')).hostname))].sort();
  };
  expect(await elsewhere(sandbox)).toEqual(['127.0.0.1']);
  expect(await elsewhere(null)).toEqual([]);
  const real = { script: 'https://js.stripe.com/endive/stripe.js', publishable_key: 'pk_test_1' };
  const hosts = await elsewhere(real);
  expect(hosts).toContain('js.stripe.com');
  expect(hosts.filter((host) => !host.endsWith('stripe.com'))).toEqual([]);
});

test('a shop without a publishable key says what to set', async () => {
  const answer = await desk({ stripe_js: null }).send('/pay/stripe-js');
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('STRIPE_PUBLISHABLE_KEY');
});

test('the whole demo shop is lighter than 60 KB', () => {
  const bytes = readdirSync(PAGES).map((name) => statSync(`${PAGES}/${name}`).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60 * 1024);
});
