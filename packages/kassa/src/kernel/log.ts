/** One structured line per call: fields first, then a sentence that is the same for every occurrence. */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  /** A logger that adds these fields to each of its lines, such as the order's id. */
  child(fields: Record<string, unknown>): Log;
}

const nothing = (): void => undefined;

/** Says nothing. For tests whose subject is not the log. */
export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
};
