import ts from 'typescript-compiler';
import { changesAt } from './mistake.ts';

/** One mistake in one place. */
export interface Mutant {
  readonly number: number;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** It stands outside of every function, so the module has to be loaded again to see it. */
  readonly is_static: boolean;
}

const CHOSEN = 'globalThis.__kassa_mutant';
const TURN = 'globalThis.__kassa_turn?.();';
const SHOWN = 90;

/**
 * Puts every mistake of a module into it at once, each behind a switch, so that one loading serves for all of them. A
 * loop counts its turns, because a mistake in its condition may make it endless.
 */
export function plantAll(file: string, source: string): { code: string; mutants: Mutant[] } {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const mutants: Mutant[] = [];
  const plain = (node: ts.Node): string => source.slice(node.getStart(), node.end);

  const inside = (node: ts.Node): string => {
    let text = '';
    let at = node.getStart();
    ts.forEachChild(node, (child) => {
      text += source.slice(at, child.getStart());
      text += isAssigned(child) ? plain(child) : planted(child);
      at = child.end;
    });
    return text + source.slice(at, node.end);
  };
  const planted = (node: ts.Node): string => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return plain(node);
    if (ts.isTypeAliasDeclaration(node) || ts.isExportDeclaration(node)) return plain(node);
    if (isLoopBody(node)) return `{ ${TURN} ${inside(node)} }`;
    const own = inside(node);
    const condition = isCondition(node) ? [`!(${own})`] : [];
    const texts = [...condition, ...changesAt(node).map((change) => change(plain))];
    return texts.reduce((text, after) => {
      const number = mutants.length + 1;
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
      const words = (long: string): string => long.replace(/\s+/g, ' ').slice(0, SHOWN);
      const told = after.startsWith('!(') ? `!(${words(plain(node))})` : words(after);
      mutants.push({ number, line: line + 1, before: words(plain(node)), after: told, is_static: isStatic(node) });
      return `(${CHOSEN} === ${number} ? (${after}) : (${text}))`;
    }, own);
  };
  return { code: planted(tree), mutants };
}

function isStatic(node: ts.Node): boolean {
  for (let one: ts.Node | undefined = node.parent; one; one = one.parent) if (ts.isFunctionLike(one)) return false;
  return true;
}

function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  return parent !== undefined && ts.isIfStatement(parent) && parent.expression === node;
}

function isLoopBody(node: ts.Node): boolean {
  const { parent } = node;
  return parent !== undefined && ts.isIterationStatement(parent, false) && parent.statement === node;
}

/** What stands left of an assignment is a place and no value. */
function isAssigned(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPostfixUnaryExpression(parent)) return true;
  if (!ts.isBinaryExpression(parent) || parent.left !== node) return false;
  const { kind } = parent.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}
