// Goal: the first command after a clone works, whatever the host's npm settings, and twice at once does no harm.
// Method: the real scripts in a temporary folder. Only npm itself is played by a few lines, for it needs a registry;
// the whole way with the real npm is `.ci/run` and the first `npm test` of every clone.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ROOT } from './house-rules/tree.ts';

const script = (name: string) => pathToFileURL(join(ROOT, 'scripts', name)).href;
const { childEnvironment, cacheIsUnwritable } = (await import(script('npm-ci.mjs'))) as {
  childEnvironment: (given: Record<string, string>) => Record<string, string>;
  cacheIsUnwritable: (log: string) => boolean;
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-set-up-'));
  cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true });
  writeFileSync(join(folder, 'package-lock.json'), '{ "packages": {} }');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs ready.mjs in the folder, with `npm` lines in npm's place. */
function ready(npm: string, purpose = 'start', flags: string[] = []) {
  const npmFile = join(folder, 'npm-cli.js');
  writeFileSync(npmFile, npm);
  const env = { ...process.env, npm_execpath: npmFile, npm_node_execpath: process.execPath };
  const args = [...flags, join(folder, 'scripts', 'ready.mjs'), purpose];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  return { status, says: stderr };
}

const INSTALLS = "require('fs').mkdirSync('node_modules', { recursive: true }); console.log('added 1 package');";
const stamp = () => join(folder, 'node_modules', '.kassa-ready');

describe('a first run', () => {
  test('installs, says so in one line with the real time, and the next run is silent', () => {
    const first = ready(INSTALLS);
    expect(first.says).toMatch(
      /^kassa {2}first run: setting up[^\n]*\n {2}packages \.+ \d+ s {3}log: \.kassa\/setup\.log\n$/,
    );
    expect(first.status).toBe(0);
    expect(existsSync(stamp())).toBe(true);
    expect(ready("throw new Error('npm was asked again');")).toEqual({ status: 0, says: '' });
  });

  test('is done again when the lock file has changed', () => {
    ready(INSTALLS);
    writeFileSync(join(folder, 'package-lock.json'), '{ "packages": { "": {} } }');
    expect(ready(INSTALLS).says).toContain('packages changed');
  });

  test('that npm cannot finish shows the end of the log, leaves no stamp, and can simply be repeated', () => {
    const failed = ready(
      `${INSTALLS} for (let n = 1; n <= 40; n += 1) console.error('npm line ' + n); process.exitCode = 1;`,
    );
    expect(failed.status).toBe(3);
    expect(failed.says).toContain('npm ci ended with code 1');
    expect(failed.says).toContain('npm line 40');
    expect(failed.says).not.toContain('npm line 25\n');
    expect(existsSync(stamp())).toBe(false);
    const again = ready(INSTALLS);
    expect(again.says).toContain('unfinished');
    expect(again.status).toBe(0);
  });

  test('with a cache that cannot be written uses one inside the folder, and takes it away afterwards', () => {
    const npm = `${INSTALLS}
      const own = (process.env.npm_config_cache || '').includes('.kassa');
      if (own) require('fs').mkdirSync(process.env.npm_config_cache, { recursive: true });
      else { console.error("npm error code EACCES\\nnpm error path /nonexistent/.npm/_cacache"); process.exitCode = 243; }`;
    const { status, says } = ready(npm);
    expect(status).toBe(0);
    expect(says).toContain('used one inside .kassa instead');
    expect(existsSync(join(folder, '.kassa', 'npm-cache'))).toBe(false);
  });

  test('on a Node that is too old says which one is needed', () => {
    const old = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"16.20.2"}})';
    const { status, says } = ready(INSTALLS, 'start', ['--import', old]);
    expect(says).toBe('Node 16 found; 18 or newer is needed to set up (the project then uses its own Node 24).\n');
    expect(status).toBe(3);
  });

  test('for the tests says when there is no browser, every time', () => {
    const env = process.env.KASSA_BROWSER;
    process.env.KASSA_BROWSER = join(folder, 'no-such-browser');
    try {
      expect(ready(INSTALLS, 'test').says).toContain('browser tests will be skipped: KASSA_BROWSER names');
      expect(ready(INSTALLS, 'test').says).toContain('browser tests will be skipped: KASSA_BROWSER names');
    } finally {
      if (env === undefined) delete process.env.KASSA_BROWSER;
      else process.env.KASSA_BROWSER = env;
    }
  });
});

describe('npm is asked for the same tree on every host', () => {
  test('production settings and omitted kinds do not reach it, places and proxies do', () => {
    const given = {
      NODE_ENV: 'production',
      NODE_OPTIONS: '--max-old-space-size=64',
      npm_config_omit: 'dev',
      NPM_CONFIG_INCLUDE: 'prod',
      npm_config_global: 'true',
      npm_config_registry: 'http://127.0.0.1:4873/',
      npm_config_cache: '/tmp/cache',
      npm_config_https_proxy: 'http://127.0.0.1:3128',
      npm_lifecycle_event: 'prestart',
      npm_package_json: '/elsewhere/package.json',
      PATH: '/usr/bin',
    };
    const kept = childEnvironment(given);
    expect(kept).toMatchObject({
      npm_config_registry: 'http://127.0.0.1:4873/',
      npm_config_cache: '/tmp/cache',
      npm_config_https_proxy: 'http://127.0.0.1:3128',
      npm_config_global: 'false',
      npm_config_bin_links: 'true',
      PATH: '/usr/bin',
    });
    for (const gone of [
      'NODE_ENV',
      'NODE_OPTIONS',
      'npm_config_omit',
      'NPM_CONFIG_INCLUDE',
      'npm_lifecycle_event',
      'npm_package_json',
    ]) {
      expect(kept).not.toHaveProperty([gone]);
    }
  });

  test('a package that does not exist is not mistaken for a cache that cannot be written', () => {
    expect(cacheIsUnwritable('npm error code E404\nnpm error 404 Not Found')).toBe(false);
    expect(cacheIsUnwritable('npm error code EACCES\nnpm error path /home/ann/.npm/_cacache/tmp')).toBe(true);
  });
});

describe('the commands in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };

  test('set up first, and leave no shell between npm and the program: a shell that is told to stop leaves it behind', () => {
    expect(scripts).toMatchObject({
      prestart: 'node scripts/ready.mjs start',
      pretest: 'node scripts/ready.mjs test',
      pretry: 'node scripts/ready.mjs start',
    });
    for (const name of ['start', 'test', 'try']) expect(scripts[name]).toMatch(/^exec node (packages|scripts)\//);
  });
});

describe('two set-ups in one folder', () => {
  /** Says when it waits and when it is in, and comes out when the file `go` exists. */
  const worker = (lock: string) => `
    import { existsSync } from 'node:fs';
    import { setImmediate } from 'node:timers/promises';
    import { alone } from ${JSON.stringify(script('set-up-lock.mjs'))};
    await alone(${JSON.stringify(lock)}, (owner) => console.log('waits for ' + owner), async () => {
      console.log('in');
      while (!existsSync(${JSON.stringify(join(folder, 'go'))})) await setImmediate();
      console.log('out');
    });`;

  function start(lock: string) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', worker(lock)]);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { pid: child.pid, next: async () => (await lines.next()).value, ended: once(child, 'close') };
  }

  test('the second says whom it waits for, and goes in when the first is out', async () => {
    const lock = join(folder, 'setup.lock');
    const first = start(lock);
    expect(await first.next()).toBe('in');
    const second = start(lock);
    expect(await second.next()).toBe(`waits for ${first.pid}`);
    writeFileSync(join(folder, 'go'), '');
    expect(await first.next()).toBe('out');
    expect(await second.next()).toBe('in');
    expect(await first.ended).toEqual([0, null]);
    expect(await second.ended).toEqual([0, null]);
    expect(existsSync(lock)).toBe(false);
  });

  test('one that was killed holds nobody up', async () => {
    const lock = join(folder, 'setup.lock');
    const killed = start(lock);
    expect(await killed.next()).toBe('in');
    process.kill(killed.pid ?? 0, 'SIGKILL');
    await killed.ended;
    expect(existsSync(lock)).toBe(true);
    writeFileSync(join(folder, 'go'), '');
    const [one, other] = [start(lock), start(lock)];
    expect(await one.ended).toEqual([0, null]);
    expect(await other.ended).toEqual([0, null]);
    expect(existsSync(lock)).toBe(false);
  });
});
