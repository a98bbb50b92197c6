// Goal: the shop's files are found and loaded, or the real mistake is shown with its line.
// Method: real files in a real folder, loaded by the real import.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineHooks, item, type KassaConfig, usd } from '../index.ts';
import { ConfigError } from './config-error.ts';
import { claimFolder, loadConfig } from './load.ts';

const KASSA = fileURLToPath(new URL('../index.ts', import.meta.url));
const CONFIG = `
import { defineKassa, item, usd } from '${KASSA}';
export default defineKassa({ seller: { name: 'x', email: 'x@y.test' }, catalog: { a: item({ name: 'x', price: usd('1.00') }) } });
`;
const HOOKS = `
import { defineHooks } from '${KASSA}';
import config from './kassa.config.ts';
export default defineHooks(config, { on: { 'order.paid': () => undefined } });
`;
let shop = '';

beforeEach(() => {
  shop = realpathSync(mkdtempSync(join(tmpdir(), 'kassa-load-')));
});
afterEach(() => rmSync(shop, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(shop, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

async function told(where = shop): Promise<string> {
  try {
    await loadConfig(where);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(shop, '<shop>');
    throw error;
  }
  return 'accepted';
}

describe('finding the files', () => {
  test('a folder with configuration and hooks', async () => {
    const file = write('kassa.config.ts', CONFIG);
    const hooks_file = write('kassa.hooks.ts', HOOKS);
    const loaded = await loadConfig(shop);
    expect(loaded).toMatchObject({ file, hooks_file, config: { seller: { name: 'x' } } });
    expect(loaded.hooks.on['order.paid']).toBeTypeOf('function');
  });

  test('a shop without hooks, and the file itself', async () => {
    const file = write('kassa.config.ts', CONFIG);
    expect(await loadConfig(file)).toMatchObject({ file, hooks_file: null, hooks: { on: {}, before: {} } });
  });

  test.each(['mts', 'js', 'mjs'])('a file that ends in .%s', async (ending) => {
    write('package.json', '{ "type": "module" }');
    const file = write(`kassa.config.${ending}`, CONFIG);
    expect((await loadConfig(shop)).file).toBe(file);
  });

  test('a folder below, up to the nearest package.json and not beyond', async () => {
    const file = write('kassa.config.ts', CONFIG);
    mkdirSync(join(shop, 'src', 'pages'), { recursive: true });
    expect((await loadConfig(join(shop, 'src', 'pages'))).file).toBe(file);
    write('src/package.json', '{}');
    expect(await told(join(shop, 'src', 'pages'))).toBe(
      'There is no kassa.config.ts in <shop>/src/pages: write one with export default defineKassa({ … }).',
    );
  });

  test('a folder that is not there, and two files for one thing', async () => {
    expect(await told(join(shop, 'nowhere'))).toBe(
      'There is no <shop>/nowhere: give the folder of kassa.config.ts, or the file itself.',
    );
    write('kassa.config.ts', CONFIG);
    write('kassa.config.mjs', CONFIG);
    expect(await told()).toBe('<shop> has kassa.config.ts and kassa.config.mjs: keep one of them.');
  });

  test('after a change a new revision reads the file again', async () => {
    write('kassa.config.ts', CONFIG);
    expect((await loadConfig(shop)).config.seller.name).toBe('x');
    write('kassa.config.ts', CONFIG.replace("name: 'x', email", "name: 'New name', email"));
    expect((await loadConfig(shop)).config.seller.name).toBe('x');
    expect((await loadConfig(shop, 1)).config.seller.name).toBe('New name');
  });
});

describe('mistakes in the files', () => {
  test.each([
    [
      'no default export',
      'export const config = {};',
      'kassa.config.ts has no default export: write export default defineKassa({ … }).',
    ],
    [
      'a default export of nothing',
      'export default null;',
      'kassa.config.ts exports no configuration: write export default defineKassa({ … }).',
    ],
    [
      'a thrown mistake',
      "\n\nthrow new Error('no such thing');",
      'kassa.config.ts:3 could not be loaded: no such thing',
    ],
    [
      'a price that is a number',
      `import { usd } from '${KASSA}';\n\nusd(100 as never);`,
      "kassa.config.ts:3 could not be loaded: Write an amount as text, such as usd('100.00'): the number 100 cannot be exact.",
    ],
  ])('%s', async (_, text, sentence) => {
    write('kassa.config.ts', text);
    expect(await told()).toBe(sentence);
  });

  test('a syntax that cannot be run, and an import of nothing', async () => {
    write('kassa.config.ts', 'export default {\n  seller: ,\n};');
    expect(await told()).toMatch(/^kassa\.config\.ts(:2)? could not be loaded: /);
    rmSync(join(shop, 'kassa.config.ts'));
    write('kassa.config.mjs', "import './missing.mjs';\nexport default {};");
    expect(await told()).toMatch(/^kassa\.config\.mjs(:1)? could not be loaded: .*missing\.mjs/);
  });

  test.each([
    [
      'an event that does not exist',
      { on: { 'order.payed': () => undefined } },
      'kassa.hooks: on has no "order.payed"; did you mean "order.paid"?',
    ],
    ['a gate that does not exist', { before: { checkout: () => undefined } }, 'kassa.hooks: before has no "checkout".'],
    ['another part', { after: {} }, 'kassa.hooks: hooks has no "after".'],
    ['no function', { on: { 'order.paid': 'send mail' } }, "kassa.hooks: on['order.paid'] must be a function."],
    ['a sign-in that is no function', { authenticate: 'ann' }, 'kassa.hooks: authenticate must be a function.'],
    ['no object', { on: 3 }, 'kassa.hooks: on must be an object.'],
  ])('hooks with %s', (_, hooks, sentence) => {
    const config: KassaConfig = {
      seller: { name: 'x', email: 'x@y.test' },
      catalog: { a: item({ name: 'x', price: usd('1.00') }) },
    };
    expect(() => defineHooks(config, hooks as never)).toThrow(new ConfigError(sentence));
  });
});

describe('the data folder', () => {
  test('is made, marked, and used again in its mode', () => {
    const folder = join(shop, 'deep', '.kassa');
    for (let start = 0; start < 3; start += 1) claimFolder(folder, 'test');
    expect(() => claimFolder(folder, 'live')).toThrow(
      new ConfigError(
        `The data folder ${folder} belongs to test mode and this start is in live mode: set KASSA_DATA_DIR to another folder.`,
      ),
    );
    claimFolder(join(shop, 'live'), 'live');
    expect(() => claimFolder(join(shop, 'live'), 'test')).toThrow(
      'belongs to live mode and this start is in test mode',
    );
  });
});
