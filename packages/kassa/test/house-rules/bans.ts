// L4 (real time, randomness and network), L5 (the database's own), L6 (float money, secrets compared by ===).
import ts from 'typescript-compiler';
import { ADAPTERS } from './rooms.ts';
import { type Finding, type HouseFile, isTypeScript, lineOf, treeOf, walk } from './tree.ts';

/** A property of a global: what to use instead. */
const BANNED_MEMBERS: Readonly<Record<string, string>> = {
  'Date.now': 'take the time from `clock.now()`',
  'performance.now': 'take the time from `clock.now()`',
  'process.hrtime': 'take the time from `clock.now()`',
  'Math.random': 'take randomness from `random`',
};

/** A global, or an import of that name: what to use instead. */
const BANNED_NAMES: Readonly<Record<string, string>> = {
  setTimeout: 'wait with `clock.sleep(ms)`',
  setInterval: 'repeat with `repeat(clock, …)` of kernel/repeat.ts',
  setImmediate: 'wait with `clock.sleep(0)`',
  randomUUID: 'take ids from `ids`',
  randomBytes: 'take bytes from `random.bytes(count)`',
  getRandomValues: 'take bytes from `random.bytes(count)`',
  randomInt: 'take numbers from `random.below(limit)`',
  fetch: 'send requests through the `Http` that is handed in',
  XMLHttpRequest: 'send requests through the `Http` that is handed in',
};

const BANNED_SQL: readonly (readonly [RegExp, string])[] = [
  [/\bnow\s*\(\s*\)/i, 'now()'],
  [/\bcurrent_(timestamp|date|time)\b/i, 'current_timestamp'],
  [/\blocaltime(stamp)?\b/i, 'localtimestamp'],
  [/\b(clock|statement|transaction)_timestamp\s*\(/i, 'clock_timestamp()'],
  [/\b(gen_random_uuid|uuidv7|uuidv4|uuid_generate_v\d)\s*\(/i, 'gen_random_uuid()'],
  [/\brandom\s*\(\s*\)/i, 'random()'],
  [/\bnextval\s*\(|\b(big)?serial\b|\bgenerated\s+\w+(\s+\w+)?\s+as\s+identity\b/i, 'nextval()'],
  [/\bpg_sleep\s*\(/i, 'pg_sleep()'],
];

const MONEY_EDGES = /^packages\/kassa\/src\/http\/contracts\/[^/]+\/money\.ts$/;
const SECRET = /(secret|signature|hmac|digest|password|api_?key|csrf|token_?hash)$/i;

export function isAdapter(path: string): boolean {
  return ADAPTERS.some(({ place }) => path === place || (place.endsWith('/') && path.startsWith(place)));
}

/** L4: everything the core needs from the world is handed in; that is what makes the simulation honest. */
export function realWorld(files: readonly HouseFile[]): Finding[] {
  return files
    .filter((file) => isTypeScript(file) && file.kind !== 'test' && file.kind !== 'tool' && !isAdapter(file.path))
    .flatMap((file) => {
      const own = declaredIn(file);
      const findings: Finding[] = [];
      walk(treeOf(file), (node) => {
        const use = bannedUse(node, own);
        if (use)
          findings.push({
            law: 'L4',
            path: file.path,
            line: lineOf(node),
            sentence: `${use}; only adapters touch the real one`,
          });
      });
      return findings;
    });
}

function bannedUse(node: ts.Node, own: ReadonlySet<string>): string | undefined {
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && !node.arguments?.length) {
    return '`new Date()` reads the real time: take it from `clock.now()`';
  }
  if (ts.isCallExpression(node) && isNamed(node.expression, 'Date')) {
    return '`Date()` reads the real time: take it from `clock.now()`';
  }
  if (ts.isPropertyAccessExpression(node)) return bannedMember(node);
  if (ts.isImportSpecifier(node)) {
    const name = (node.propertyName ?? node.name).text;
    return name in BANNED_NAMES && name !== 'fetch' ? `\`${name}\` is imported: ${BANNED_NAMES[name]}` : undefined;
  }
  if (!ts.isIdentifier(node) || !(node.text in BANNED_NAMES) || own.has(node.text) || !isUse(node)) return undefined;
  return `\`${node.text}\` is used: ${BANNED_NAMES[node.text]}`;
}

function bannedMember(node: ts.PropertyAccessExpression): string | undefined {
  const whole = `${node.expression.getText()}.${node.name.text}`;
  const cure = BANNED_MEMBERS[whole.replace(/^globalThis\./, '')];
  if (cure) return `\`${whole}\` is used: ${cure}`;
  const ofGlobal = ['globalThis', 'window', 'crypto', 'webcrypto', 'globalThis.crypto'].includes(
    node.expression.getText(),
  );
  return ofGlobal && node.name.text in BANNED_NAMES
    ? `\`${whole}\` is used: ${BANNED_NAMES[node.name.text]}`
    : undefined;
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

/** True for a name that is read, not for one that is a key, a member or a declaration. */
function isUse(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isShorthandPropertyAssignment(parent)) {
    return ts.isShorthandPropertyAssignment(parent) || parent.initializer === node;
  }
  if (ts.isTypeNode(parent) || ts.isTypeElement(parent) || ts.isTypeQueryNode(parent)) return false;
  return !('name' in parent && parent.name === node);
}

/** Names that the file declares itself (a parameter called `fetch` is handed in, not global). */
function declaredIn(file: HouseFile): ReadonlySet<string> {
  const own = new Set<string>();
  walk(treeOf(file), (node) => {
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isBindingElement(node);
    if (declares && node.name && ts.isIdentifier(node.name)) own.add(node.name.text);
  });
  return own;
}

/** L5: the database's clock and dice are as real as the machine's; `kassa.clock()` is the one door, for leases. */
export function databaseWorld(files: readonly HouseFile[]): Finding[] {
  const found = (path: string, line: number, name: string): Finding => ({
    law: 'L5',
    path,
    line,
    sentence: `SQL \`${name}\`: pass times and ids in as parameters (leases may ask kassa.clock())`,
  });
  return files
    .filter(({ kind }) => kind === 'server' || kind === 'sandbox' || kind === 'simulation')
    .flatMap((file) => {
      if (!isTypeScript(file))
        return sqlUses(withoutSqlComments(file.text)).map(([line, name]) => found(file.path, line, name));
      if (isAdapter(file.path)) return [];
      return sqlTexts(file).flatMap(({ text, line }) =>
        sqlUses(withoutSqlComments(text)).map(([offset, name]) => found(file.path, line + offset - 1, name)),
      );
    });
}

function sqlUses(text: string): [number, string][] {
  return withoutClockFunction(text)
    .split('\n')
    .flatMap((line, at) =>
      BANNED_SQL.filter(([ban]) => ban.test(line)).map(([, name]): [number, string] => [at + 1, name]),
    );
}

/** Texts of a file that are SQL: tagged `sql`, or a string that starts like a statement. */
function sqlTexts(file: HouseFile): { text: string; line: number }[] {
  const texts: { text: string; line: number }[] = [];
  walk(treeOf(file), (node) => {
    if (ts.isTaggedTemplateExpression(node) && /\bsql\b/.test(node.tag.getText())) {
      texts.push({ text: literalText(node.template), line: lineOf(node.template) });
    } else if (
      (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) &&
      !ts.isTaggedTemplateExpression(node.parent)
    ) {
      const text = literalText(node);
      if (/^.\s*(select|insert|update|delete|with|create|alter|do)\b/i.test(text))
        texts.push({ text, line: lineOf(node) });
    }
  });
  return texts;
}

/** What is written in a string or template, with the interpolations blanked: those are our own code. */
function literalText(node: ts.Node): string {
  if (!ts.isTemplateExpression(node)) return node.getText();
  const blanks = node.templateSpans.map(({ expression }) => expression.getText().replace(/[^\n]/g, ' '));
  const literals = [node.head, ...node.templateSpans.map(({ literal }) => literal)].map((part) => part.getText());
  return literals.map((literal, at) => literal + (blanks[at] ?? '')).join('');
}

function withoutSqlComments(text: string): string {
  return text.replace(/--[^\n]*/g, '').replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
}

/** The body of kassa.clock() itself is the door. */
function withoutClockFunction(text: string): string {
  return text.replace(/create (or replace )?function kassa\.clock\(\)[\s\S]*?\$(\w*)\$[\s\S]*?\$\2\$/gi, (body) =>
    body.replace(/[^\n]/g, ' '),
  );
}

/** L6: money is integers and decimal strings; secrets are compared in constant time. */
export function moneyAndSecrets(files: readonly HouseFile[]): Finding[] {
  return files
    .filter((file) => isTypeScript(file) && file.kind !== 'test' && file.kind !== 'tool')
    .flatMap((file) => {
      const findings: Finding[] = [];
      walk(treeOf(file), (node) => {
        const money = MONEY_EDGES.test(file.path) ? undefined : floatMoney(node);
        // The sandbox has no secrets worth a timing attack.
        const sentence = money ?? (file.kind === 'sandbox' ? undefined : secretCompared(node));
        if (sentence) findings.push({ law: 'L6', path: file.path, line: lineOf(node), sentence });
      });
      return findings;
    });
}

function floatMoney(node: ts.Node): string | undefined {
  const cure = 'money is integer minor units and decimal strings; use kernel/money.ts';
  if (ts.isIdentifier(node) && (node.text === 'parseFloat' || node.text === 'toFixed'))
    return `\`${node.text}\`: ${cure}`;
  if (!ts.isBinaryExpression(node) || !ts.isNumericLiteral(node.right) || node.right.text !== '100') return undefined;
  const divides = [ts.SyntaxKind.SlashToken, ts.SyntaxKind.SlashEqualsToken].includes(node.operatorToken.kind);
  return divides ? `\`/ 100\`: ${cure}` : undefined;
}

function secretCompared(node: ts.Node): string | undefined {
  if (!ts.isBinaryExpression(node)) return undefined;
  const equality = [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken];
  if (!equality.includes(node.operatorToken.kind)) return undefined;
  const sides = [node.left, node.right];
  if (
    sides.some(
      (side) => ts.isLiteralExpression(side) || ['undefined', 'null', 'true', 'false'].includes(side.getText()),
    )
  )
    return undefined;
  if (!sides.some((side) => SECRET.test(side.getText()))) return undefined;
  return `\`${node.getText().slice(0, 60)}\` compares a secret byte by byte; use \`timingSafeEqual\``;
}
