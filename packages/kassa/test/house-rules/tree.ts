// The repository as the house rules see it: every file of ours, its kind, and its syntax tree.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript-compiler';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

/** Who a file is written for decides which rules it obeys. */
export type Kind = 'server' | 'simulation' | 'sandbox' | 'client' | 'example' | 'tool' | 'test';

export interface HouseFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly kind: Kind;
}

/** One broken rule: where, and a sentence that names the cure. */
export interface Finding {
  readonly law: string;
  readonly path: string;
  readonly line: number;
  readonly sentence: string;
  /** The named function around it, when the rule is about a place inside one. */
  readonly within?: string;
}

const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.kassa', '.git', 'generated']);
const READ = /\.(ts|tsx|mts|sql)$/;

/** Every TypeScript and SQL file of the repository that people write; generated ones have their own tests. */
export function readHouse(): HouseFile[] {
  return ['packages', 'examples', 'bench']
    .flatMap((folder) => filesUnder(join(ROOT, folder)))
    .filter((path) => READ.test(path))
    .map((path) => houseFile(relative(ROOT, path).split(sep).join('/'), readFileSync(path, 'utf8')))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function houseFile(path: string, text: string): HouseFile {
  return { path, text, kind: kindOf(path) };
}

export function kindOf(path: string): Kind {
  if (/\.test\.tsx?$/.test(path) || /\/(?:test|checks)\//.test(path)) return 'test';
  if (path.startsWith('packages/kassa/src/')) return 'server';
  if (path.startsWith('packages/kassa/simulation/')) return 'simulation';
  if (path.startsWith('packages/sandbox/src/')) return 'sandbox';
  if (path.startsWith('packages/client/src/')) return 'client';
  if (path.startsWith('examples/')) return 'example';
  return 'tool';
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const trees = new WeakMap<HouseFile, ts.SourceFile>();

/** The syntax tree, by TypeScript's own parser; made once per file. */
export function treeOf(file: HouseFile): ts.SourceFile {
  const known = trees.get(file);
  if (known) return known;
  const kind = file.path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true, kind);
  trees.set(file, tree);
  return tree;
}

export function isTypeScript(file: HouseFile): boolean {
  return !file.path.endsWith('.sql');
}

/** Calls `see` for every node, parents first. */
export function walk(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  node.forEachChild((child) => walk(child, see));
}

export function lineOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** The name of the nearest named function around a node. */
export function functionAround(node: ts.Node): string {
  for (let at: ts.Node | undefined = node; at; at = at.parent) {
    if (!ts.isFunctionLike(at)) continue;
    if (at.name) return at.name.getText();
    if (at.parent && ts.isVariableDeclaration(at.parent)) return at.parent.name.getText();
  }
  return '';
}
