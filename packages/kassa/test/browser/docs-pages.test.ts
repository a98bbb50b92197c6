// Goal: whoever writes against a shop reads its interface in the browser, without a server of anybody else.
// Method: a real Chromium on the running shop; any request that leaves this computer and any broken script fails it.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrowser, launchBrowser } from '../../../sandbox/test/browser.ts';
import { PATIENCE_MS, takesItsTime } from '../../../sandbox/test/patience.ts';
import { type OpenShop, openBlueHall } from '../setup/open-shop.ts';

takesItsTime();

const found = await findBrowser();
if ('missing' in found) console.warn(`browser tests will be skipped: ${found.missing}`);

describe.skipIf('missing' in found)('the documentation pages', () => {
  let browser: Browser;
  let shop: OpenShop;
  let context: BrowserContext;
  const left: string[] = [];
  const broke: string[] = [];

  beforeAll(async () => {
    [browser, shop] = await Promise.all([launchBrowser(), openBlueHall()]);
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.route('**/*', (route) => {
      const { hostname, protocol } = new URL(route.request().url());
      if (hostname === '127.0.0.1' || protocol === 'blob:') return route.continue();
      left.push(route.request().url());
      return route.abort();
    });
  });
  afterAll(async () => {
    await context?.close();
    await browser?.close();
    await shop?.close();
  });

  async function open(path: string): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => broke.push(`${path}: ${error.message}`));
    await page.goto(shop.url + path);
    return page;
  }

  test('Swagger UI shows the calls of the contracts that are switched on', async () => {
    const page = await open('/docs');
    await page.getByText('/api/payments/v1/checkout/session', { exact: true }).first().waitFor();
    expect([left, broke]).toEqual([[], []]);
  });

  test('ReDoc shows the same description', async () => {
    const page = await open('/docs/redoc');
    await page.getByRole('heading', { name: 'Open a hosted checkout' }).waitFor();
    expect([left, broke]).toEqual([[], []]);
  });
});
