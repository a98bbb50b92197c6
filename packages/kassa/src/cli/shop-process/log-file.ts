import { existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config.ts';
import type { Log } from '../../kernel/log.ts';
import { systemLog } from '../../system.ts';

const FILE_BYTES_MAX = 5_000_000;

/**
 * Development keeps its log in a file, so that the terminal stays readable; what went wrong is also said there, in one
 * line. The file of earlier starts is kept once, as `kassa.log.1`.
 */
export function developmentLog({ data_folder, log_level }: Settings): Log {
  mkdirSync(data_folder, { recursive: true });
  const file = join(data_folder, 'kassa.log');
  if (existsSync(file) && statSync(file).size > FILE_BYTES_MAX) renameSync(file, `${file}.1`);
  const handle = openSync(file, 'a', 0o600);
  const write = (line: string): void => {
    writeSync(handle, line);
    const [, level] = /^\{"level":"(warn|error)"/.exec(line) ?? [];
    if (level !== undefined) process.stderr.write(`${shortly(level, line)}\n`);
  };
  return systemLog({ level: log_level, to: { write } });
}

/** The sentence and its reason; the rest is in the file. The line has been redacted before it came here. */
function shortly(level: string, line: string): string {
  const { message, err, error, order_id } = JSON.parse(line) as Partial<
    Record<'message' | 'error' | 'order_id', string>
  > & { err?: { message?: string } };
  const why = err?.message ?? error;
  const reason = why === undefined ? '' : `: ${why.split('\n', 1)[0]}`;
  const where = order_id === undefined ? '' : ` (order ${order_id})`;
  return `  ${level === 'error' ? '✗' : '!'} ${message}${reason}${where}`;
}
