import ts from 'typescript-compiler';

/** What stands where a mistake could be made, and what is made of it. Both are expressions. */
export type Change = (text: (node: ts.Node) => string) => string;

const OTHER_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '+=': ['-='],
  '-=': ['+='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
};
const OTHER_METHODS: Readonly<Record<string, string>> = {
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  some: 'every',
  every: 'some',
};
/** Words that mean something to a program; a sentence for people is nobody's decision. */
const WORD = /^[a-z][a-z0-9_]*$/;

/** The mistakes that can be made at one expression: another operator, another number, the opposite. */
export function changesAt(node: ts.Node): Change[] {
  if (ts.isBinaryExpression(node)) {
    const { left, right, operatorToken } = node;
    const others = OTHER_OPERATORS[operatorToken.getText()] ?? [];
    return others.map((other) => (text) => `${text(left)} ${other} ${text(right)}`);
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const drops = [ts.SyntaxKind.ExclamationToken, ts.SyntaxKind.MinusToken].includes(node.operator);
    return drops ? [(text) => text(node.operand)] : [];
  }
  if (ts.isConditionalExpression(node))
    return [(text) => `${text(node.condition)} ? ${text(node.whenFalse)} : ${text(node.whenTrue)}`];
  if (ts.isNumericLiteral(node) && !isName(node)) return [() => `${node.getText()} + 1`];
  if (ts.isBigIntLiteral(node)) return [() => `${node.getText()} + 1n`];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [() => 'false'];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [() => 'true'];
  if (ts.isStringLiteral(node) && !isName(node) && WORD.test(node.text)) return [() => "''"];
  if (ts.isCallExpression(node)) return changesOfCall(node);
  return [];
}

function changesOfCall(node: ts.CallExpression): Change[] {
  const { expression } = node;
  const given = (text: (one: ts.Node) => string): string => node.arguments.map(text).join(', ');
  const swapped = ts.isPropertyAccessExpression(expression) ? OTHER_METHODS[expression.name.text] : undefined;
  const changes: Change[] = [];
  if (ts.isPropertyAccessExpression(expression) && swapped !== undefined) {
    changes.push((text) => `${text(expression.expression)}.${swapped}(${given(text)})`);
  }
  if (ts.isPropertyAccessExpression(expression) && expression.name.text === 'filter') {
    changes.push((text) => text(expression.expression));
  }
  if (ts.isExpressionStatement(node.parent)) changes.push(() => 'undefined');
  return changes;
}

/** The name of a field, or of a module, and no value. */
function isName(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isLiteralTypeNode(parent)) return true;
  return 'name' in parent && parent.name === node;
}
