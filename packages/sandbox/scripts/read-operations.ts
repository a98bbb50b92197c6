import ts from 'typescript-compiler';

/** `POST /v1/checkout/sessions/:id/expire`: verb and path template, every parameter written `:id`. */
export type Operation = string;

/**
 * Reads from the JavaScript of a resource file which verb and path each method of the class calls. The types say
 * what a method takes and answers, only the code says where it goes. Throws when a method makes no request.
 */
export function readOperations(source: string, resource: string): ReadonlyMap<string, Operation> {
  const file = ts.createSourceFile('resource.js', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const found = new Map<string, Operation>();
  for (const statement of file.statements) {
    if (!ts.isClassDeclaration(statement) || statement.name?.text !== resource) continue;
    for (const member of statement.members) {
      if (!ts.isMethodDeclaration(member) || !ts.isIdentifier(member.name) || !member.body) continue;
      const operation = firstRequest(member.body);
      if (operation) found.set(member.name.text, operation);
    }
  }
  return found;
}

function firstRequest(node: ts.Node): Operation | undefined {
  if (ts.isCallExpression(node) && node.expression.getText().endsWith('._makeRequest')) {
    const [verb, path] = node.arguments;
    if (verb && ts.isStringLiteral(verb) && path) return `${verb.text} ${pathTemplate(path)}`;
  }
  return ts.forEachChild(node, firstRequest);
}

function pathTemplate(path: ts.Expression): string {
  if (ts.isStringLiteral(path) || ts.isNoSubstitutionTemplateLiteral(path)) return path.text;
  if (ts.isTemplateExpression(path)) {
    return path.head.text + path.templateSpans.map((span) => `:id${span.literal.text}`).join('');
  }
  throw new Error(`a path that is not a literal: ${path.getText()}`);
}
