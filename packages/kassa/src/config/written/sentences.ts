import type { z } from 'zod';
import { nearestHint } from '../config-error.ts';

type Issue = z.core.$ZodIssue;

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

/** Fields that take one amount or a list of them. */
const PRICES = ['price', 'min', 'max'];

/**
 * One plain sentence for each mistake that a schema found: where it stands, what is wrong, what is allowed. Values
 * are never repeated, because a secret may have been written into the wrong place. The issues carry their input.
 */
export function sentencesOf(issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => settle(issue, [])).map((found) => `${found}${found.endsWith('?') ? '' : '.'}`);
}

function settle(issue: Issue, prefix: readonly PropertyKey[]): string[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The alternative that fitted best is the one that was meant: it got past the question what kind of thing this is.
    const meant = issue.errors.find((branch) =>
      branch.some((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
    );
    if (meant) return meant.flatMap((inner) => settle(inner, path));
  }
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => settle(inner, path));
  if (issue.code === 'unrecognized_keys') return [path.length ? `${shown(path)}: ${issue.message}` : issue.message];
  return [`${shown(path)} ${reasonOf(issue)}`];
}

function reasonOf(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return 'is missing';
    return issue.message.startsWith('Invalid input')
      ? `must be ${WORDS[issue.expected] ?? issue.expected}`
      : issue.message;
  }
  if (issue.code === 'too_small') return bound('at least', issue.origin, issue.minimum);
  if (issue.code === 'too_big') return bound('at most', issue.origin, issue.maximum);
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const hint = typeof issue.input === 'string' ? nearestHint(issue.input, values) : '';
    return `must be ${values.map((value) => `'${value}'`).join(' or ')}${hint}`;
  }
  return issue.message;
}

function bound(word: string, origin: string, limit: number | bigint): string {
  if (origin === 'string') return `must have ${word} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  if (origin === 'array') return `must have ${word} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `must be ${word} ${limit}`;
}

/** `catalog.lakers.price`, `coupons["early 10"].only[2]`. A single price stands in a list that nobody wrote. */
function shown(path: readonly PropertyKey[]): string {
  const parts = path.map((part, at) => {
    if (typeof part === 'number') return part === 0 && PRICES.includes(String(path[at - 1])) ? '' : `[${part}]`;
    const name = String(part);
    if (!/^[\w-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
    return at === 0 ? name : `.${name}`;
  });
  return parts.join('') || 'the configuration';
}
