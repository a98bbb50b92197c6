import { badParam } from '../kernel/failure.ts';

const DEPTH = 10;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

type Node = Map<string, Node | string | string[]>;

/**
 * Reads `a[b][0]=c` bodies and query strings into nested objects and arrays of strings. Arrays may be written with
 * indices, with `[]`, or by repeating the name; there is no limit of entries other than the size of the body.
 * @throws ApiFailure 400 for names that nest too deep, mix shapes, or would touch an object's prototype
 */
export function parseForm(text: string): Record<string, unknown> {
  const root: Node = new Map();
  for (const [name, value] of new URLSearchParams(text)) {
    const steps = stepsOf(name);
    let node = root;
    for (const step of steps.slice(0, -1)) node = descend(node, step, name);
    put(node, steps.at(-1) ?? '', value, name);
  }
  return plain(root, false) as Record<string, unknown>;
}

function stepsOf(name: string): string[] {
  const open = name.indexOf('[');
  const steps = open < 0 ? [name] : [name.slice(0, open)];
  if (open >= 0) {
    const rest = name.slice(open);
    if (!/^(?:\[[^[\]]*\])+$/.test(rest)) throw badParam(name, `The parameter name ${name} has unbalanced brackets.`);
    for (const match of rest.matchAll(/\[([^[\]]*)\]/g)) steps.push(match[1] ?? '');
  }
  if (steps.length > DEPTH) throw badParam(name, `Parameters may be nested ${DEPTH} levels deep, not deeper.`);
  for (const step of steps) if (FORBIDDEN.has(step)) throw badParam(name, `Invalid parameter name: ${name}.`);
  return steps;
}

function descend(node: Node, step: string, name: string): Node {
  // `items[][price]=..&items[][quantity]=..`: a name that comes again begins the next entry; the rest extends the last.
  const key = step === '' ? String(node.size) : step;
  const known = node.get(key);
  if (known === undefined) {
    const fresh: Node = new Map();
    node.set(key, fresh);
    return fresh;
  }
  if (!(known instanceof Map)) throw badParam(name, `The parameter ${name} is given both as a value and as an object.`);
  return known;
}

function put(node: Node, step: string, value: string, name: string): void {
  const key = step === '' ? String(node.size) : step;
  const known = node.get(key);
  if (known === undefined) node.set(key, value);
  else if (known instanceof Map)
    throw badParam(name, `The parameter ${name} is given both as a value and as an object.`);
  else node.set(key, Array.isArray(known) ? [...known, value] : [known, value]);
}

/** Maps whose keys are all numbers are arrays, except under `metadata`, whose keys are the caller's own words. */
function plain(node: Node, keepKeys: boolean): unknown {
  const keys = [...node.keys()];
  const isArray = !keepKeys && keys.length > 0 && keys.every((key) => /^\d{1,9}$/.test(key));
  if (isArray) {
    keys.sort((a, b) => Number(a) - Number(b));
    return keys.map((key) => entryOf(node.get(key), false));
  }
  return Object.fromEntries(keys.map((key) => [key, entryOf(node.get(key), key === 'metadata')]));
}

function entryOf(value: Node | string | string[] | undefined, keepKeys: boolean): unknown {
  return value instanceof Map ? plain(value, keepKeys) : value;
}
