// npm leaves out an optional package whose `engines` do not fit the Node that npm itself runs on. On a host with an old
// Node that drops the bundler's native part, although our scripts never run on that Node. So on such a host the
// project's own Node is fetched first, checked against the hash in the lock file, and npm is run on it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** From this version on the host's Node is as good as ours for installing and, if need be, for running. */
export const OLDEST_RUNNER = [22, 18];

/** @param {number[] | undefined} version [major, minor, patch] */
export function isNewEnough(version) {
  const [major, minor] = OLDEST_RUNNER;
  return version !== undefined && (version[0] > major || (version[0] === major && version[1] >= minor));
}

/** The version a Node program prints, as numbers, or undefined when it cannot run here. */
export function versionOf(program) {
  const run = spawnSync(program, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  const match = /^v(\d+)\.(\d+)\.(\d+)/.exec(run.stdout || '');
  return match ? match.slice(1).map(Number) : undefined;
}

/** The names under which npm has this platform's Node. */
export function nodePackages() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`];
}

/** Where a package of Node keeps its program. */
export function programOf(modules, name) {
  return join(modules, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * Fetches this platform's Node alone.
 * @param {{ root: string, folder: string, npmCi: (folder: string) => Promise<number> }} how
 * @returns {Promise<string | undefined>} its program, or undefined where there is none that runs here
 */
export async function fetchNode({ root, folder, npmCi }) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const name = nodePackages().find((candidate) => lock.packages[`node_modules/${candidate}`] !== undefined);
  if (name === undefined) return undefined;
  const entry = lock.packages[`node_modules/${name}`];
  const manifest = { name: 'first-node', version: '0.0.0', private: true, dependencies: { [name]: entry.version } };
  const packages = { '': manifest, [`node_modules/${name}`]: { ...entry, optional: false } };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...manifest, lockfileVersion: 3, packages }));
  if ((await npmCi(folder)) !== 0) return undefined;
  const program = programOf(join(folder, 'node_modules'), name);
  return existsSync(program) && isNewEnough(versionOf(program)) ? program : undefined;
}
