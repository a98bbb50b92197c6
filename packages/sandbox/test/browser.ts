// A real Chromium for the browser tests, on any machine, without system packages and without a download.
//
// On Linux the browser comes out of the `@sparticuz/chromium` package, which carries the binary in compressed form.
// Its own unpacker is not used: two test processes that start together would see each other's half-written file.
// Here everything is unpacked into a private folder first and then renamed, so the folder either is whole or is not.
// Elsewhere (and with KASSA_BROWSER=/path/to/chrome) an installed Chrome or Chromium is driven instead.
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

/** Where a browser is and what it needs around it; `missing` says in one sentence why there is none. */
export type FoundBrowser =
  | { executablePath: string; env: Record<string, string>; from: 'environment' | 'bundled' | 'installed' }
  | { missing: string };

const INSTALLED = {
  linux: ['/usr/bin/google-chrome', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/microsoft-edge'],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ],
} as const;

/** Finds a browser: KASSA_BROWSER first, then the bundled one (Linux on x64), then an installed one. */
export async function findBrowser(): Promise<FoundBrowser> {
  const named = process.env.KASSA_BROWSER;
  if (named) {
    if (!existsSync(named)) return { missing: `KASSA_BROWSER names ${named}, which does not exist.` };
    return { executablePath: named, env: {}, from: 'environment' };
  }
  if (process.platform === 'linux' && process.arch === 'x64') return unpackBundled();
  const candidates = INSTALLED[process.platform as keyof typeof INSTALLED] ?? INSTALLED.linux;
  const installed = candidates.find((path) => existsSync(path));
  if (installed) return { executablePath: installed, env: {}, from: 'installed' };
  return { missing: 'No Chrome or Chromium is installed here; set KASSA_BROWSER to the path of one.' };
}

/**
 * Starts the browser. Web security stays on: the tests are about origins, cookies and content security policies,
 * and a browser with those switched off would prove nothing.
 */
export async function launchBrowser(): Promise<Browser> {
  const found = await findBrowser();
  if ('missing' in found) throw new Error(found.missing);
  return chromium.launch({
    executablePath: found.executablePath,
    args: ['--no-pings', '--disable-domain-reliability', '--font-render-hinting=none', '--disable-gpu'],
    env: { ...definedEnvironment(), ...found.env },
  });
}

async function unpackBundled(): Promise<FoundBrowser> {
  const packed = await bundledFolder();
  if (!packed) return { missing: 'The package @sparticuz/chromium is not installed; run npm install.' };
  const home = join(tmpdir(), `kassa-browser-${packed.version}-${process.getuid?.() ?? 0}`);
  if (!existsSync(home)) await unpackOnce(packed.bin, home);
  const executablePath = join(home, 'chromium');
  return { executablePath, env: surroundings(executablePath, home), from: 'bundled' };
}

async function bundledFolder(): Promise<{ bin: string; version: string } | undefined> {
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    folder = dirname(require.resolve('@sparticuz/chromium'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
  while (!existsSync(join(folder, 'bin', 'chromium.br'))) {
    if (folder === dirname(folder)) return undefined;
    folder = dirname(folder);
  }
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { bin: join(folder, 'bin'), version: manifest.version };
}

async function unpackOnce(bin: string, home: string): Promise<void> {
  const draft = `${home}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const executable = join(draft, 'chromium');
  await pipeline(createReadStream(join(bin, 'chromium.br')), createBrotliDecompress(), createWriteStream(executable));
  await chmod(executable, 0o700);
  await untar(join(bin, 'al2023.tar.br'), draft);
  await untar(join(bin, 'fonts.tar.br'), join(draft, 'fontconfig'));
  await writeFile(join(draft, 'fontconfig', 'fonts.conf'), fontsConf(join(home, 'fontconfig', 'fonts')));
  try {
    await rename(draft, home);
  } catch (error) {
    // Another test process was faster; its folder is as whole as ours.
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
}

/** Unpacks plain files of a brotli-compressed tar: 512-byte headers, name at 0, size (octal) at 124, kind at 156. */
async function untar(archive: string, target: string): Promise<void> {
  const tar = brotliDecompressSync(await readFile(archive));
  for (let at = 0; at + 512 <= tar.length; ) {
    const field = (from: number, length: number): string =>
      tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const name = field(0, 100);
    if (name === '') break;
    const size = Number.parseInt(field(124, 12).trim(), 8);
    if (field(156, 1) === '0' || field(156, 1) === '') {
      const path = join(target, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, tar.subarray(at + 512, at + 512 + size), { mode: 0o700 });
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** The package brings NSS, NSPR, expat and a font for machines that lack them; present ones are left in charge. */
function surroundings(executablePath: string, home: string): Record<string, string> {
  const env: Record<string, string> = {};
  if (!existsSync('/etc/fonts/fonts.conf')) env.FONTCONFIG_FILE = join(home, 'fontconfig', 'fonts.conf');
  const trial = spawnSync(executablePath, ['--version'], { encoding: 'utf8' });
  if (trial.status !== 0) {
    env.LD_LIBRARY_PATH = [join(home, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  }
  return env;
}

function fontsConf(folder: string): string {
  const cache = join(tmpdir(), `${basename(dirname(dirname(folder)))}-font-cache`);
  return `<?xml version="1.0"?>\n<fontconfig><dir>${folder}</dir><cachedir>${cache}</cachedir></fontconfig>\n`;
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
