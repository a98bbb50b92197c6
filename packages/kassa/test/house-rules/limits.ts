// L3: function 70 lines, file 250 lines, folder 12 files, at most 4 parameters, 12 rooms.
import ts from 'typescript-compiler';
import { ROOMS_MAX } from './rooms.ts';
import { type Finding, type HouseFile, isTypeScript, lineOf, treeOf, walk } from './tree.ts';

const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 250;
const FOLDER_FILES_MAX = 12;
const PARAMETERS_MAX = 4;
const SERVER = 'packages/kassa/src/';

export function limits(files: readonly HouseFile[]): Finding[] {
  const ours = files.filter((file) => file.kind !== 'test' && isTypeScript(file));
  return [...ours.flatMap(longFile), ...ours.flatMap(longFunctions), ...fullFolders(ours), ...tooManyRooms(ours)];
}

function longFile({ path, text }: HouseFile): Finding[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  if (lines <= FILE_LINES_MAX) return [];
  const sentence = `${lines} lines; at most ${FILE_LINES_MAX}: a noun or a story is hiding in it, find its name`;
  return [{ law: 'L3', path, line: FILE_LINES_MAX + 1, sentence }];
}

function longFunctions(file: HouseFile): Finding[] {
  const findings: Finding[] = [];
  walk(treeOf(file), (node) => {
    if (!isFunction(node)) return;
    const name = nameOf(node);
    const lines = linesBetweenBraces(node);
    const found = (sentence: string) => findings.push({ law: 'L3', path: file.path, line: lineOf(node), sentence });
    if (lines > FUNCTION_LINES_MAX)
      found(`${name} has ${lines} lines; at most ${FUNCTION_LINES_MAX}: give its steps names`);
    if (node.parameters.length > PARAMETERS_MAX) {
      found(`${name} takes ${node.parameters.length} parameters; at most ${PARAMETERS_MAX}, then an object`);
    }
  });
  return findings;
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

function nameOf(node: ts.FunctionLikeDeclaration): string {
  if (node.name) return node.name.getText();
  const parent = node.parent;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  return 'a function';
}

/** Lines between the opening and the closing brace; an arrow without braces has the lines of its expression. */
function linesBetweenBraces(node: ts.FunctionLikeDeclaration): number {
  if (!node.body) return 0;
  const tree = node.getSourceFile();
  const from = tree.getLineAndCharacterOfPosition(node.body.getStart(tree)).line;
  const to = tree.getLineAndCharacterOfPosition(node.body.end).line;
  return ts.isBlock(node.body) ? Math.max(0, to - from - 1) : to - from + 1;
}

function fullFolders(files: readonly HouseFile[]): Finding[] {
  const held = new Map<string, number>();
  for (const { path } of files) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (!folder.endsWith('/migrations')) held.set(folder, (held.get(folder) ?? 0) + 1);
  }
  return [...held]
    .filter(([, count]) => count > FOLDER_FILES_MAX)
    .map(([folder, count]) => {
      const sentence = `${count} files in this folder; at most ${FOLDER_FILES_MAX}: some of them belong together, give them a folder`;
      return { law: 'L3', path: folder, line: 1, sentence };
    });
}

function tooManyRooms(files: readonly HouseFile[]): Finding[] {
  const inServer = files.filter(({ path }) => path.startsWith(SERVER)).map(({ path }) => path.slice(SERVER.length));
  const rooms = new Set(inServer.filter((path) => path.includes('/')).map((path) => path.split('/')[0]));
  if (rooms.size <= ROOMS_MAX) return [];
  const sentence = `${rooms.size} rooms; at most ${ROOMS_MAX}: which two are one?`;
  return [{ law: 'L3', path: SERVER, line: 1, sentence }];
}
