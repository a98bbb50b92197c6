// People with a browser: each alone, none of them ever leaving this computer, and whatever breaks on a page is heard.
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { PATIENCE_MS, takesItsTime } from '../../../sandbox/test/patience.ts';

export interface Visitors {
  /** A visitor of their own: nothing is shared with the others but the shop. */
  visitor(options?: BrowserContextOptions): Promise<Page>;
  /** Sends everybody home. Fails when a page broke, complained, or asked anybody elsewhere. */
  leave(): Promise<void>;
}

/**
 * What the browser itself says: of refused answers, with which the tests see how a page copes, and of a frame of
 * another origin that wanted the focus and rightly did not get it.
 */
const EXPECTED = /^(Failed to load resource|Blocked autofocusing on)/;

export function visitorsOf(browser: () => Browser): Visitors {
  takesItsTime();
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  return {
    async visitor(options = {}) {
      const context = await browser().newContext({ viewport: { width: 1280, height: 860 }, ...options });
      context.setDefaultTimeout(PATIENCE_MS);
      contexts.push(context);
      await context.route('**/*', (route) => {
        const { hostname } = new URL(route.request().url());
        if (hostname === '127.0.0.1') return route.continue();
        complaints.push(`left this computer: ${route.request().url()}`);
        return route.abort();
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(`broke: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() !== 'error' || EXPECTED.test(message.text())) return;
        complaints.push(`complained: ${message.text()}`);
      });
      return page;
    },
    async leave() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
      expect(complaints.splice(0)).toEqual([]);
    },
  };
}

/** Fails with every finding of axe about a page, frames of other origins included. */
export async function expectClean(page: Page, where: string, except?: string): Promise<void> {
  // Colours that are still on their way would be measured half-way.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const axe = new AxeBuilder({ page }).withTags(tags);
  const { violations } = await (except === undefined ? axe : axe.exclude(except)).analyze();
  const findings = violations.map(({ id, nodes }) => `${where} ${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(findings).toEqual([]);
}

/** Fails when a page would have to be scrolled sideways. */
export async function expectFits(page: Page, where: string): Promise<void> {
  const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect([where, wide]).toEqual([where, shown]);
}
