import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from './config-error.ts';
import { checkHooks, type Hooks } from './hooks.ts';
import type { KassaConfig } from './written/types.ts';

const ENDINGS = ['ts', 'mts', 'js', 'mjs'];

export interface LoadedConfig {
  /** As written; `readSettings` checks it. */
  readonly config: KassaConfig;
  readonly hooks: Hooks;
  readonly file: string;
  /** Null when the shop has no hooks. */
  readonly hooks_file: string | null;
}

/**
 * Imports `kassa.config.{ts,mts,js,mjs}` and, beside it, `kassa.hooks.*`. `where` is the file, or a folder: then the
 * folder itself is looked into, and after it the folders above up to the nearest `package.json`. A `revision` makes
 * Node read the files again after a change.
 * @throws ConfigError when there is none or more than one, when it does not load (with the real cause and its line),
 *   or when it exports no configuration.
 */
export async function loadConfig(where: string, revision?: number): Promise<LoadedConfig> {
  const file = findConfig(resolve(where));
  const config = await importDefault(file, 'export default defineKassa({ … })', revision);
  if (typeof config !== 'object' || config === null) {
    throw new ConfigError(`${basename(file)} exports no configuration: write export default defineKassa({ … }).`);
  }
  const [hooks_file = null] = named(dirname(file), 'kassa.hooks');
  const hooks =
    hooks_file === null ? {} : await importDefault(hooks_file, 'export default defineHooks(config, { … })', revision);
  return { config: config as KassaConfig, hooks: checkHooks(hooks), file, hooks_file };
}

function findConfig(where: string): string {
  if (!existsSync(where))
    throw new ConfigError(`There is no ${where}: give the folder of kassa.config.ts, or the file itself.`);
  if (statSync(where).isFile()) return where;
  for (let folder = where; ; folder = dirname(folder)) {
    const [found] = named(folder, 'kassa.config');
    if (found) return found;
    if (existsSync(join(folder, 'package.json')) || folder === dirname(folder)) break;
  }
  throw new ConfigError(`There is no kassa.config.ts in ${where}: write one with export default defineKassa({ … }).`);
}

/** The file of this name with any ending that Node can import; two of them would be two truths. */
function named(folder: string, name: string): string[] {
  const here = readdirSync(folder);
  const found = ENDINGS.map((ending) => `${name}.${ending}`).filter((file) => here.includes(file));
  if (found.length > 1) throw new ConfigError(`${folder} has ${found.join(' and ')}: keep one of them.`);
  return found.map((file) => join(folder, file));
}

async function importDefault(file: string, wanted: string, revision?: number): Promise<unknown> {
  const url = pathToFileURL(file);
  if (revision !== undefined) url.searchParams.set('revision', String(revision));
  let loaded: unknown;
  try {
    loaded = await import(url.href);
  } catch (error) {
    const sentences =
      error instanceof ConfigError ? error.sentences : [error instanceof Error ? error.message : String(error)];
    const line = lineIn(error, file);
    throw new ConfigError(
      sentences.map((sentence) => `${basename(file)}${line} could not be loaded: ${sentence}`),
      error,
    );
  }
  if (typeof loaded === 'object' && loaded !== null && 'default' in loaded) return loaded.default;
  throw new ConfigError(`${basename(file)} has no default export: write ${wanted}.`);
}

/** `:12` when the stack names a line of the file, in either of the two ways in which Node writes it. */
function lineIn(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const name of [pathToFileURL(file).href, file]) {
    const after = stack.split(name)[1];
    const [, line] = /^(?:\?[^\s:]*)?:([0-9]+)/.exec(after ?? '') ?? [];
    if (line !== undefined) return `:${line}`;
  }
  return '';
}

/**
 * Marks a data folder with the mode it is used in, once and for all, and makes the folder when it is not there.
 * @throws ConfigError when it was used in the other mode: play money and real money never share a folder.
 */
export function claimFolder(data_folder: string, mode: 'test' | 'live'): void {
  const mark = join(data_folder, 'mode');
  mkdirSync(data_folder, { recursive: true });
  if (!existsSync(mark)) writeFileSync(mark, `${mode}\n`);
  const marked = readFileSync(mark, 'utf8').trim();
  if (marked === mode) return;
  throw new ConfigError(
    `The data folder ${data_folder} belongs to ${marked === 'live' ? 'live' : 'test'} mode and this start is ` +
      `in ${mode} mode: set KASSA_DATA_DIR to another folder.`,
  );
}
