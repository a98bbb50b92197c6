import type { Context } from 'hono';
import type { Caller } from '../callers/caller.ts';
import type { Failure } from '../describe-failure.ts';

/** What travels beside a request inside the server. */
export interface HttpEnv {
  Bindings: {
    /** Address of the other end of the socket. */
    readonly ip: string;
  };
  Variables: {
    request_id: string;
    /** The caller's address as far as it can be believed: the unit that rate limits count. */
    caller_address: string;
    /** Set by whoever learns it, so that the access log can name the order. */
    order_id: string | undefined;
    /** Read it with `callerOf`. */
    caller: Caller | undefined;
    /** How the contract that was called draws a failure; undefined outside of contracts. */
    draw_failure: ((c: Context<HttpEnv>, failure: Failure) => Response) | undefined;
  };
}

/** Both spellings of a trailing slash are one path; the root stays. */
export function withoutSlashes(path: string): string {
  return path.replace(/\/+$/, '') || '/';
}
