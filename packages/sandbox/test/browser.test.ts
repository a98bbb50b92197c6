// Goal: the browser tests find a browser on any machine, or say in a sentence why there is none.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { findBrowser } from './browser.ts';

afterEach(() => vi.unstubAllEnvs());

test('a browser that was named and is not there is said to be missing', async () => {
  vi.stubEnv('KASSA_BROWSER', '/nowhere/chrome');
  expect(await findBrowser()).toEqual({ missing: 'KASSA_BROWSER names /nowhere/chrome, which does not exist.' });
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'the bundled browser runs on the libraries that it brings',
  async () => {
    vi.stubEnv('KASSA_BROWSER', '');
    const found = await findBrowser();
    if ('missing' in found) throw new Error(found.missing);
    expect(found.from).toBe('bundled');
    const lib = join(dirname(found.executablePath), 'lib');
    const env = { LD_LIBRARY_PATH: lib };
    const linked = spawnSync('ldd', [found.executablePath], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    }).stdout;
    for (const name of ['libnss3.so', 'libnspr4.so', 'libexpat.so.1']) {
      expect(existsSync(join(lib, name)), name).toBe(true);
      expect(linked).toContain(`${name} => ${lib}/`);
    }
    expect(spawnSync(found.executablePath, ['--version'], { env, encoding: 'utf8' }).stdout).toContain('Chromium');
  },
);
