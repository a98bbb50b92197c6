// L8: names that say nothing are banned, and a story's file is called like the one thing it exports.
import ts from 'typescript-compiler';
import { isStory } from './rooms.ts';
import { type Finding, type HouseFile, isTypeScript, lineOf, treeOf } from './tree.ts';

const BANNED = ['util', 'utils', 'misc', 'common', 'manager', 'service', 'services', 'data', 'info'];
const CURE = 'say what it holds';
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config|\.hooks|\.stand-ins|\.d)?$/;
const SERVER = 'packages/kassa/src/';

export function names(files: readonly HouseFile[]): Finding[] {
  return files.flatMap((file) => [...pathNames(file), ...(isTypeScript(file) ? exportNames(file) : [])]);
}

function pathNames({ path }: HouseFile): Finding[] {
  const findings: Finding[] = [];
  const parts = path.split('/');
  const file = parts.at(-1) ?? '';
  const stem = file.replace(/\.(ts|tsx|mts|sql)$/, '');
  const bad = [...parts.slice(0, -1), stem]
    .flatMap((part) => part.split(/[-_.]/))
    .find((word) => BANNED.includes(word));
  const found = (sentence: string) => findings.push({ law: 'L8', path, line: 1, sentence });
  if (bad) found(`\`${bad}\` in a name says nothing: ${CURE}`);
  if (!path.endsWith('.sql') && !KEBAB.test(stem)) found(`\`${file}\`: files are named in kebab-case`);
  return findings;
}

function exportNames(file: HouseFile): Finding[] {
  if (file.kind === 'test') return [];
  const exported = exportsOf(file);
  const findings: Finding[] = exported.flatMap(({ name, line }) => {
    const bad = wordsOf(name).find((word) => BANNED.includes(word));
    return bad ? [{ law: 'L8', path: file.path, line, sentence: `\`${name}\`: \`${bad}\` says nothing: ${CURE}` }] : [];
  });
  return [...findings, ...storyName(file, exported)];
}

interface Exported {
  readonly name: string;
  readonly line: number;
  readonly isType: boolean;
}

/** What a file exports by declaring it; re-exports are judged where they are declared. */
export function exportsOf(file: HouseFile): Exported[] {
  return treeOf(file).statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    const line = lineOf(statement);
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => ({ name: name.getText(), line, isType: false }));
    }
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    const named = isType || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
    return named && statement.name ? [{ name: statement.name.text, line, isType }] : [];
  });
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_');
}

/** One verb per file of flows/, and the file carries its name: a payment can be followed by file names alone. */
function storyName(file: HouseFile, exported: readonly Exported[]): Finding[] {
  if (!file.path.startsWith(SERVER) || !isStory(file.path.slice(SERVER.length))) return [];
  const stem = file.path.slice(file.path.lastIndexOf('/') + 1).replace(/\.ts$/, '');
  const wanted = stem.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const values = exported.filter(({ isType }) => !isType).map(({ name }) => name);
  if (values.length === 1 && values[0] === wanted) return [];
  const has = values.length === 0 ? 'nothing' : values.join(', ');
  const sentence = `a story exports one verb, named like its file: \`${wanted}\`; this one exports ${has}`;
  return [{ law: 'L8', path: file.path, line: 1, sentence }];
}
