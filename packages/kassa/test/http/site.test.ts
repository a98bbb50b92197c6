// Goal: the shop's pages are served as they are, nothing else of the disk is, and the demo stays light.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { desk } from './port.ts';

const PAGES = fileURLToPath(new URL('../../../../examples/blue-hall/pages', import.meta.url));

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

test('the whole demo shop is lighter than 60 KB', () => {
  const bytes = readdirSync(PAGES).map((name) => statSync(`${PAGES}/${name}`).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60 * 1024);
});
