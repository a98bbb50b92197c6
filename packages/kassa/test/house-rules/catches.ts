// L9: an error is either thrown on or written down. One that is neither is how a paid order disappears.
import ts from 'typescript-compiler';
import { type Finding, functionAround, type HouseFile, isTypeScript, lineOf, treeOf, walk } from './tree.ts';

const CURE = 'rethrow it, or hand it to something that records it';

export function catches(files: readonly HouseFile[]): Finding[] {
  return files
    .filter((file) => isTypeScript(file) && file.kind !== 'test' && file.kind !== 'tool')
    .flatMap((file) => {
      const findings: Finding[] = [];
      walk(treeOf(file), (node) => {
        const sentence = ts.isCatchClause(node) ? wrongCatch(node) : wrongHandler(node);
        if (sentence) findings.push({ ...at(file, node), sentence });
      });
      return findings;
    });
}

function at(file: HouseFile, node: ts.Node): Omit<Finding, 'sentence'> {
  return { law: 'L9', path: file.path, line: lineOf(node), within: functionAround(node) };
}

function wrongCatch(node: ts.CatchClause): string | undefined {
  if (node.block.statements.length === 0) return `an empty catch loses the error: ${CURE}`;
  const name = node.variableDeclaration?.name;
  const variable = name && ts.isIdentifier(name) ? name.text : undefined;
  return passesOn(node.block, variable) ? undefined : `this catch drops the error: ${CURE}`;
}

/** `.catch(() => …)` and the second handler of `.then` are catches too. */
function wrongHandler(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const method = node.expression.name.text;
  const handler = method === 'catch' ? node.arguments[0] : method === 'then' ? node.arguments[1] : undefined;
  if (!handler || !(ts.isArrowFunction(handler) || ts.isFunctionExpression(handler))) return undefined;
  const name = handler.parameters[0]?.name;
  const variable = name && ts.isIdentifier(name) ? name.text : undefined;
  return passesOn(handler.body, variable) ? undefined : `this .${method}() handler drops the error: ${CURE}`;
}

/** True when the block throws, or uses the error anywhere but in the question of an `if`. */
function passesOn(block: ts.Node, variable: string | undefined): boolean {
  let passed = false;
  const look = (node: ts.Node): void => {
    if (ts.isThrowStatement(node)) passed = true;
    if (ts.isIdentifier(node) && node.text === variable && !isMemberName(node)) passed = true;
    if (ts.isIfStatement(node)) {
      look(node.thenStatement);
      if (node.elseStatement) look(node.elseStatement);
      return;
    }
    if (ts.isConditionalExpression(node)) {
      look(node.whenTrue);
      look(node.whenFalse);
      return;
    }
    node.forEachChild(look);
  };
  look(block);
  return passed;
}

function isMemberName(node: ts.Identifier): boolean {
  const parent = node.parent;
  return (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
}
