// Goal: what a shop puts online holds nothing of the stand-in; only a sandbox key ever makes a page load it.
import '../report/kept-fresh.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { SHIM_JS } from '../../src/shim/generated/stripe-js.ts';

const root = join(import.meta.dirname, '../../../..');
const TRACES = /__KASSA_SANDBOX_STRIPE_JS__|\/sandbox\/stripe\.js|pk_test_sandbox_|@kassa\/sandbox/;

async function bundled(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    mode: 'production',
    build: { write: false, rolldownOptions: { input: join(root, entry), preserveEntrySignatures: 'strict' } },
  });
  const [built] = Array.isArray(result) ? result : [result];
  if (!built || !('output' in built)) throw new Error(`${entry} was not built.`);
  return built.output.map((each) => (each.type === 'chunk' ? each.code : String(each.source))).join('\n');
}

test('the client of a shop, built for production, holds nothing of the stand-in', async () => {
  const code = await bundled('packages/client/src/index.ts');
  expect(code.length).toBeGreaterThan(1000);
  expect(code).not.toMatch(TRACES);
  // The same look finds it where it is.
  expect(`${SHIM_JS}${await bundled('packages/sandbox/src/shim/browser/stripe.ts')}`).toMatch(TRACES);
});

test('the pages of the example shop hold nothing of the stand-in', () => {
  const folder = join(root, 'examples/blue-hall/pages');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(html|js|css)$/.test(name),
  );
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(readFileSync(join(folder, name), 'utf8'), name).not.toMatch(TRACES);
});
