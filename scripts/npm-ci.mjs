// Runs `npm ci` so that it installs the same tree whatever the host's settings say.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { fetchNode, isNewEnough, versionOf } from './first-node.mjs';

const ARGUMENTS = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];

// npm hands its own settings to the scripts it runs, as npm_config_*. Where to fetch from (registry, proxy, cafile,
// cache) must survive; what to install must not, or `npm start --omit=dev` would leave the tree without its Node.
const DROPPED = [
  'also',
  'bin_links',
  'cpu',
  'dev',
  'dry_run',
  'force',
  'global',
  'global_prefix',
  'global_style',
  'if_present',
  'include',
  'include_workspace_root',
  'install_links',
  'install_strategy',
  'json',
  'legacy_bundling',
  'libc',
  'local_prefix',
  'location',
  'lockfile_version',
  'loglevel',
  'long',
  'node_options',
  'omit',
  'only',
  'optional',
  'os',
  'package_lock',
  'package_lock_only',
  'parseable',
  'prefix',
  'production',
  'save',
  'silent',
  'workspace',
  'workspaces',
];

// A user's own ~/.npmrc may hold these; the environment is stronger than that file.
const FORCED = {
  npm_config_bin_links: 'true',
  npm_config_dry_run: 'false',
  npm_config_global: 'false',
  npm_config_install_strategy: 'hoisted',
  npm_config_package_lock: 'true',
  npm_config_package_lock_only: 'false',
  npm_config_update_notifier: 'false',
};

/**
 * Installs from the lock file.
 * @param {{ root: string, state: string, logFile: string }} place `state` is the folder for passing things
 * @returns {Promise<{ code: number, note: string }>} npm's exit code, and a sentence when something had to be worked around
 */
export async function npmCi({ root, state, logFile }) {
  writeFileSync(logFile, '');
  const env = childEnvironment(process.env);
  const first = await installWith({ root, state, logFile, env });
  if (first === 0 || !cacheIsUnwritable(readFileSync(logFile, 'utf8'))) return { code: first, note: '' };
  // A home folder that cannot be written (a container user without one) has no npm cache. Ours can hold it.
  const cache = join(state, 'npm-cache');
  const second = await installWith({ root, state, logFile, env: { ...env, npm_config_cache: cache } });
  rmSync(cache, { recursive: true, force: true });
  return { code: second, note: "npm's cache cannot be written; used one inside .kassa instead" };
}

async function installWith({ root, state, logFile, env }) {
  const host = process.env.npm_node_execpath || process.execPath;
  if (isNewEnough(versionOf(host))) return runNpm({ folder: root, node: host, logFile, env });
  const folder = join(state, 'first-node');
  rmSync(folder, { recursive: true, force: true });
  try {
    const fetched = await fetchNode({
      root,
      folder,
      npmCi: (inside) => runNpm({ folder: inside, node: host, logFile, env }),
    });
    return await runNpm({ folder: root, node: fetched || host, logFile, env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The environment of the npm child: places are kept, choices are dropped, and production does not hide the tools. */
export function childEnvironment(given) {
  const kept = Object.entries(given).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'node_env' || lower === 'node_options') return false;
    if (lower === 'init_cwd' || lower === 'npm_command') return false;
    if (lower.startsWith('npm_package_') || lower.startsWith('npm_lifecycle_')) return false;
    if (!lower.startsWith('npm_config_')) return true;
    return !DROPPED.includes(lower.slice('npm_config_'.length).replaceAll('-', '_'));
  });
  return { ...Object.fromEntries(kept), ...FORCED };
}

/** The same environment with one folder searched first. On Windows the variable is usually spelt `Path`. */
export function firstOnPath(env, folder) {
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') || 'PATH';
  return { ...env, [name]: `${folder}${delimiter}${env[name] || ''}` };
}

/** True when npm failed because it may not write where its cache is. */
export function cacheIsUnwritable(log) {
  return /\b(EACCES|EPERM|EROFS|ENOTDIR)\b/.test(log) && /_cacache|_logs|cache folder|[\\/]\.npm\b/.test(log);
}

function runNpm({ folder, node, logFile, env }) {
  const { command, args, shell } = npmCommand(node);
  return new Promise((resolve, reject) => {
    const log = createWriteStream(logFile, { flags: 'a' });
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, [...args, ...ARGUMENTS], {
      cwd: folder,
      env: firstOnPath(env, dirname(node)),
      shell,
      stdio,
    });
    // Ctrl-C reaches npm as well (same terminal); a signal sent to this process alone must be handed on.
    const stop = (signal) => child.kill(signal);
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      log.end(() => resolve(code === null ? 1 : code));
    });
  });
}

/** The npm that runs us, on the given Node; when started without npm (`node scripts/ready.mjs`), the one on PATH. */
function npmCommand(node) {
  const script = process.env.npm_execpath || '';
  if (basename(script) === 'npm-cli.js') return { command: node, args: [script], shell: false };
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}
