// The lock file as data: what is installed, for whom, and what the server carries at run time.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './tree.ts';

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly os?: string | readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type Lock = Readonly<Record<string, LockedPackage>>;

export function readLock(): Lock {
  const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  return (JSON.parse(text) as { packages: Lock }).packages;
}

/** Every package that `from` needs when it runs, itself left out, as keys of the lock file. */
export function runTimeClosure(lock: Lock, from: string): string[] {
  const seen = new Set<string>();
  const visit = (key: string): void => {
    const entry = lock[key];
    for (const name of Object.keys({ ...entry?.dependencies, ...entry?.optionalDependencies })) {
      const found = whereIs(lock, key, name);
      if (found === undefined || seen.has(found)) continue;
      seen.add(found);
      visit(found);
    }
  };
  visit(from);
  return [...seen].sort();
}

/** Node's own search: nearest node_modules first; a workspace's link is followed to its folder. */
function whereIs(lock: Lock, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const key = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    const entry = lock[key];
    if (entry) return entry.link ? entry.resolved : key;
    if (at === '') return undefined;
    if (!at.includes('/node_modules/')) at = '';
    if (at === '') return whereIs(lock, '', name);
  }
}

/** Optional packages that some entry names and the lock file does not hold: other platforms would miss them. */
export function missingSiblings(lock: Lock): string[] {
  return Object.entries(lock).flatMap(([key, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {})
      .filter((name) => whereIs(lock, key, name) === undefined)
      .map((name) => `${key} misses ${name}`),
  );
}
