import { type Log, silentLog } from '../../src/kernel/log.ts';
import type { Evidence } from './evidence.ts';

const BROKEN = /\bBug\b|violates (check|unique|foreign key|not-null|exclusion)|is handed in and never taken/;

/** Reads what a node logs: a bug or a refused row that some loop went on after is a violation all the same. */
export function watchfulLog(evidence: Evidence): Log {
  const look = (fields: Record<string, unknown>, message: string): void => {
    const text = [message, ...Object.values(fields).map(tellingText)].join(' ');
    if (BROKEN.test(text)) evidence.violations.push({ invariant: 'bug', sentence: text.slice(0, 400) });
  };
  return { ...silentLog, warn: look, error: look, child: () => watchfulLog(evidence) };
}

function tellingText(value: unknown): string {
  if (!(value instanceof Error)) return String(value);
  return `${value.name}: ${value.message}${value.cause === undefined ? '' : ` (${tellingText(value.cause)})`}`;
}
