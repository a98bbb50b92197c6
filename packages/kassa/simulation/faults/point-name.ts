import { fileURLToPath } from 'node:url';
import type { Port } from './kinds.ts';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));
/** Deep enough for a statement of a story that another story asked for in a worker's round. */
const FRAMES_MAX = 80;
/** Rooms that do what they are told: whoever told them is whose point it is. */
const TOLD = /^(database|domain|stripe|kernel|config|house-of|installation)\b/;
const PLUMBING = /^database\/(connect|transaction|batcher|writes\/)/;

/**
 * What a place at which something may go wrong is called: whose it is, over which port, and what is done there, such as
 * `flows/refunds/send-refund database operations-table`. It is read from the stack, so no list of points is kept by hand
 * and a story that asks for something new has a new point. Without lines and counts: those change with every edit.
 * @param stack where it was asked for, when that was before a wait; default: here.
 */
export function pointName(port: Port, where: string, stack: string = stackHere()): string {
  const files = callers(stack);
  const owner = files.find((file) => !TOLD.test(file)) ?? files.findLast((file) => !PLUMBING.test(file)) ?? 'elsewhere';
  if (where !== 'database') return `${owner} ${port} ${where.replaceAll(/\/[a-z]+_\w{8,}/g, '/:id')}`;
  const asked = files.find((file) => !PLUMBING.test(file));
  const is_transaction = files.find((file) => !file.startsWith('database/connect')) === 'database/transaction';
  const what = is_transaction ? 'transaction' : (asked?.split('/').at(-1) ?? 'connection');
  return `${owner} database ${what}`;
}

/** Everybody who waits for whoever calls this. */
export function stackHere(): string {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  const { stack = '' } = new Error('where are we');
  Error.stackTraceLimit = before;
  return stack;
}

/** Our own files, the innermost first, without their endings. */
function callers(stack: string): string[] {
  return stack.split('\n').flatMap((line) => {
    const at = line.indexOf(SOURCE);
    return at < 0 ? [] : [line.slice(at + SOURCE.length).replace(/\.ts:.*$/, '')];
  });
}
