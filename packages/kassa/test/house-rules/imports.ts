// L1 (who may import whom), L2 (packages at home) and L13 (no file that nobody imports).
import ts from 'typescript-compiler';
import { HOMES, isStory, ROOMS, type Room } from './rooms.ts';
import { type Finding, type HouseFile, isTypeScript, lineOf, treeOf, walk } from './tree.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** The names taken, or undefined for a whole module (namespace, side effect, dynamic). */
  readonly names: readonly string[] | undefined;
  readonly types: boolean;
}

const SERVER = 'packages/kassa/src/';
const importsKnown = new WeakMap<HouseFile, Import[]>();

/** Every import of a file: static, re-exported, dynamic, and in a type. */
export function importsOf(file: HouseFile): Import[] {
  const known = importsKnown.get(file);
  if (known) return known;
  const found: Import[] = [];
  walk(treeOf(file), (node) => {
    const specifier = specifierOf(node);
    if (specifier) found.push({ specifier: specifier.text, line: lineOf(node), ...takenBy(node) });
  });
  importsKnown.set(file, found);
  return found;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
    return ts.isStringLiteralLike(node.moduleSpecifier) ? node.moduleSpecifier : undefined;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [first] = node.arguments;
    return first && ts.isStringLiteralLike(first) ? first : undefined;
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return ts.isStringLiteralLike(node.argument.literal) ? node.argument.literal : undefined;
  }
  return undefined;
}

function takenBy(node: ts.Node): Pick<Import, 'names' | 'types'> {
  if (ts.isImportTypeNode(node)) return { names: undefined, types: true };
  if (ts.isExportDeclaration(node)) {
    const clause = node.exportClause;
    const names = clause && ts.isNamedExports(clause) ? clause.elements.map(nameTaken) : undefined;
    return { names, types: node.isTypeOnly };
  }
  if (ts.isImportDeclaration(node) && node.importClause) {
    const clause = node.importClause;
    const bindings = clause.namedBindings;
    const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : undefined;
    const types =
      clause.phaseModifier === ts.SyntaxKind.TypeKeyword || (named?.every((one) => one.isTypeOnly) ?? false);
    return { names: named && !clause.name ? named.map(nameTaken) : undefined, types };
  }
  return { names: undefined, types: false };
}

function nameTaken(element: ts.ImportSpecifier | ts.ExportSpecifier): string {
  return (element.propertyName ?? element.name).text;
}

/** Resolves `./x.ts` against the importing file; undefined for a package. */
export function resolveRelative(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The room of a path below packages/kassa/src, and for a noun its name. */
export function roomOf(inside: string): { room: Room; unit: string } | undefined {
  for (const room of ROOMS) {
    for (const place of room.places) {
      if (place === 'domain/*/') {
        const noun = /^domain\/[^/]+\//.exec(inside)?.[0];
        if (noun) return { room, unit: noun };
      } else if (place.endsWith('/') ? inside.startsWith(place) : inside === place) return { room, unit: room.name };
    }
  }
  return undefined;
}

/** L1 for the server's rooms, and the walls between the packages. */
export function importTable(files: readonly HouseFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const file of files.filter(isTypeScript)) {
    for (const one of importsOf(file)) {
      const sentence = file.kind === 'server' ? wrongInServer(file.path, one) : wrongBetweenPackages(file, one);
      if (sentence) findings.push({ law: 'L1', path: file.path, line: one.line, sentence });
    }
    if (file.kind === 'server' && !roomOf(file.path.slice(SERVER.length))) {
      const sentence = 'this file stands in no room; move it into one, or add the room to rooms.ts and ARCHITECTURE.md';
      findings.push({ law: 'L1', path: file.path, line: 1, sentence });
    }
  }
  return findings;
}

function wrongInServer(path: string, one: Import): string | undefined {
  if (one.specifier.startsWith('.') && !/\.(ts|json)$/.test(one.specifier))
    return `write the ending: '${one.specifier}.ts'`;
  const target = resolveRelative(path, one.specifier);
  // The package's own manifest is where its version stands.
  if (target === undefined || target === 'packages/kassa/package.json') return undefined;
  if (!target.startsWith(SERVER))
    return `the server imports nothing outside its own src by path; found ${one.specifier}`;
  const from = path.slice(SERVER.length);
  const to = target.slice(SERVER.length);
  const here = roomOf(from);
  const there = roomOf(to);
  if (!here || !there) return undefined;
  if (here.unit === there.unit) return here.room.name === 'flows' ? wrongBetweenStories(from, to) : undefined;
  if (mayTake(here.room, there.room, to, one)) return undefined;
  if (here.room.name === 'domain/<noun>' && there.room.name === 'domain/<noun>') {
    return `nouns never import each other (${here.unit} took ${to}); let a story in flows/ compose them`;
  }
  const nearer = here.room.may.find((allowed) => allowed.includes('/') && allowed.startsWith(there.unit));
  if (nearer) return `${here.room.name} takes ${nearer} itself, not ${to}`;
  const list = here.room.may.length > 0 ? here.room.may.join(', ') : 'nothing';
  if (there.room.name === 'domain/<noun>' && here.room.may.includes('domain')) {
    return `take a noun by its index.ts, not ${to}`;
  }
  return `${here.room.name} may import ${list}; it took ${to}: have it handed in`;
}

function mayTake(here: Room, there: Room, to: string, one: Import): boolean {
  return here.may.some((allowed) => {
    if (allowed === '*' || allowed === to) return true;
    if (allowed === 'domain') return /^domain\/[^/]+\/index\.ts$/.test(to);
    const [room, name] = allowed.split('#');
    if (room !== there.name) return false;
    return name === undefined || (one.names?.every((taken) => taken === name) ?? false);
  });
}

/** A story may use what all stories are handed, and the folders that hold the parts of a story. */
function wrongBetweenStories(from: string, to: string): string | undefined {
  if (!isStory(to)) return undefined;
  return `stories never import each other (${from} took ${to}); have the function handed in through House`;
}

function wrongBetweenPackages(file: HouseFile, one: Import): string | undefined {
  const target = resolveRelative(file.path, one.specifier);
  const mine = /^packages\/[^/]+\//.exec(file.path)?.[0];
  const reached = target === undefined ? one.specifier : target;
  const isKassa = reached === 'kassa' || reached.startsWith('kassa/') || reached.startsWith('packages/kassa/');
  if (mine !== 'packages/kassa/' && mine !== undefined && isKassa) return `${mine} imports nothing of the server`;
  if (mine === 'packages/sandbox/' && /^(@kassa\/|packages\/(client|react|admin)\/)/.test(reached)) {
    return 'the sandbox imports nothing of ours';
  }
  if (file.kind === 'example' && target?.startsWith('packages/')) return "an example imports 'kassa' as its users do";
  return undefined;
}

/** L2: each package has one home in the server; the sandbox and the client need none at run time. */
export function packagesAtHome(files: readonly HouseFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const file of files.filter(isTypeScript)) {
    for (const one of importsOf(file)) {
      if (one.specifier.startsWith('.')) continue;
      const sentence = file.kind === 'server' ? awayFromHome(file.path, one) : notAllowedThere(file, one);
      if (sentence) findings.push({ law: 'L2', path: file.path, line: one.line, sentence });
    }
  }
  return findings;
}

function awayFromHome(path: string, one: Import): string | undefined {
  const inside = path.slice(SERVER.length);
  const home = HOMES.find(({ packages }) => packages.some((name) => belongs(one.specifier, name)));
  if (!home) return `\`${one.specifier}\` has no home yet; give it one in rooms.ts, with a decision page if it is new`;
  const atHome = home.homes.some((place) => inside === place || inside.startsWith(place));
  return atHome ? undefined : `\`${one.specifier}\` is not at home here: ${home.cure}`;
}

function belongs(specifier: string, name: string): boolean {
  if (name.endsWith('/')) return specifier.startsWith(name);
  return specifier === name || (!name.startsWith('node:') && specifier.startsWith(`${name}/`));
}

function notAllowedThere(file: HouseFile, one: Import): string | undefined {
  const lonely = file.kind === 'sandbox' || file.kind === 'client';
  if (!lonely || one.types) return undefined;
  if (file.kind === 'sandbox' && one.specifier.startsWith('node:')) return undefined;
  return `packages/${file.kind} has no run-time dependency; \`${one.specifier}\` must go`;
}

/** L13: a file that nobody imports is a file that nobody runs. Tests do not count as importers. */
export function orphans(files: readonly HouseFile[], entries: readonly string[]): Finding[] {
  const reached = new Set<string>();
  for (const file of files.filter((one) => isTypeScript(one) && one.kind !== 'test')) {
    for (const one of importsOf(file)) {
      const target = resolveRelative(file.path, one.specifier);
      if (target !== undefined) reached.add(target);
    }
  }
  const needsImporter = (file: HouseFile) => ['server', 'simulation', 'sandbox', 'client'].includes(file.kind);
  return files
    .filter((file) => isTypeScript(file) && needsImporter(file))
    .filter(
      ({ path }) =>
        !reached.has(path) &&
        !entries.some((entry) => path === entry || (entry.endsWith('/') && path.startsWith(entry))),
    )
    .map(({ path }) => ({ law: 'L13', path, line: 1, sentence: 'nobody imports this file; wire it in or delete it' }));
}
