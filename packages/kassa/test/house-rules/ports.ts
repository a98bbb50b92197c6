// L7: every call that leaves the process begins with assertNoTransaction(), so that a row lock never waits for a network.
import ts from 'typescript-compiler';
import { type Finding, type HouseFile, isTypeScript, lineOf, treeOf, walk } from './tree.ts';

/** A port's file and interface, and where its real implementations lie. */
export const PORTS: readonly { file: string; name: string; places: readonly string[] }[] = [
  {
    file: 'packages/kassa/src/domain/payments/gateway.ts',
    name: 'Gateway',
    places: ['packages/kassa/src/stripe/'],
  },
  {
    file: 'packages/kassa/src/outbox/mailer.ts',
    name: 'Mailer',
    places: ['packages/kassa/src/outbox/mailer.ts', 'packages/kassa/src/outbox/smtp.ts'],
  },
  {
    file: 'packages/kassa/src/outbox/sms/messenger.ts',
    name: 'Messenger',
    places: ['packages/kassa/src/outbox/sms/'],
  },
  {
    file: 'packages/kassa/src/outbox/workflows/engine.ts',
    name: 'WorkflowEngine',
    places: ['packages/kassa/src/outbox/workflows/'],
  },
];

export function portsCheckTheWall(files: readonly HouseFile[]): Finding[] {
  return PORTS.flatMap(({ file, name, places }) => {
    const port = files.find(({ path }) => path === file);
    if (!port) return [];
    const methods = waitingMethods(port, name);
    const implementing = files.filter(
      (one) => places.some((place) => one.path.startsWith(place)) && isTypeScript(one) && one.kind !== 'test',
    );
    return implementing.flatMap((one) => unguarded(one, methods));
  });
}

/** The methods of an interface that answer a promise: those that wait for somebody else. */
export function waitingMethods(file: HouseFile, name: string): string[] {
  const methods: string[] = [];
  walk(treeOf(file), (node) => {
    if (!ts.isInterfaceDeclaration(node) || node.name.text !== name) return;
    for (const member of node.members) {
      const type = ts.isMethodSignature(member) || ts.isPropertySignature(member) ? member.type : undefined;
      const answer = type && ts.isFunctionTypeNode(type) ? type.type : type;
      if (answer?.getText().startsWith('Promise<') && member.name) methods.push(member.name.getText());
    }
  });
  return methods;
}

function unguarded(file: HouseFile, methods: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  walk(treeOf(file), (node) => {
    const method = methodIn(node, methods);
    if (!method || startsWithWall(method.body)) return;
    const sentence = `\`${method.name}\` leaves the process; its first line is \`assertNoTransaction();\``;
    findings.push({ law: 'L7', path: file.path, line: lineOf(node), sentence });
  });
  return findings;
}

/** A method of an object literal, `name: () => …`, `name() {…}`, or a function of that name. */
function methodIn(node: ts.Node, methods: readonly string[]): { name: string; body: ts.Node } | undefined {
  if (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) {
    const name = node.name?.getText() ?? '';
    return methods.includes(name) && node.body ? { name, body: node.body } : undefined;
  }
  if (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) {
    const name = node.name.getText();
    const value = node.initializer;
    if (!methods.includes(name) || !value || !(ts.isArrowFunction(value) || ts.isFunctionExpression(value)))
      return undefined;
    return { name, body: value.body };
  }
  return undefined;
}

function startsWithWall(body: ts.Node): boolean {
  if (!ts.isBlock(body)) return false;
  return body.statements[0]?.getText().startsWith('assertNoTransaction()') ?? false;
}
