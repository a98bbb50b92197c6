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
    for (const [index, step] of steps.slice(0, -1).entries()) node = descend(node, step, steps.slice(index + 1), name);
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

/** The place after the last one. Callers who mix `[]` with numbers of their own get the next free one. */
function freeIndex(node: Node): string {
  let index = node.size;
  while (node.has(String(index))) index++;
  return String(index);
}

/**
 * `items[][price]=a&items[][quantity]=1&items[][price]=b`: what the last entry does not have yet is added to it, what
 * it has begins the next entry.
 */
function openEntry(node: Node, rest: string[]): string {
  const last = String(node.size - 1);
  const entry = node.get(last);
  return entry instanceof Map && !reaches(entry, rest) ? last : freeIndex(node);
}

/** Does the path lead to something already? One that ends in `[]` can always take one more. */
function reaches(node: Node, path: string[]): boolean {
  let at: Node | string | string[] | undefined = node;
  for (const step of path) {
    if (step === '' || !(at instanceof Map)) return false;
    at = at.get(step);
  }
  return at !== undefined;
}

function descend(node: Node, step: string, rest: string[], name: string): Node {
  const key = step === '' ? openEntry(node, rest) : step;
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
  const key = step === '' ? freeIndex(node) : step;
  const known = node.get(key);
  if (known === undefined) node.set(key, value);
  else if (known instanceof Map)
    throw badParam(name, `The parameter ${name} is given both as a value and as an object.`);
  else if (Array.isArray(known)) known.push(value);
  else node.set(key, [known, value]);
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
