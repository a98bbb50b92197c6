import { ConfigError, nearestHint } from './config-error.ts';

/** One request of a hook, as the receiver that stands in for the outside world sees it. */
export interface HookRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** What a hook does to the outside world by something else than `fetch`. */
export interface HookEffect {
  /** Whom or what it concerns, such as `arena.seat`. */
  readonly to: string;
  /** What is done there; must survive JSON. */
  readonly content?: unknown;
  /** The key by which the receiver tells a repeat; absent when it cannot. */
  readonly idempotency_key?: string | undefined;
}

/** What stands in for the outside world while `kassa torture` runs a shop's hooks. */
export interface StandIns {
  /** What a service answers, where the hook reads its answer. Undefined: 200 and `{"id": "done_1"}`. */
  readonly answer?: (request: HookRequest) => { readonly status?: number; readonly body?: unknown } | undefined;
  /** True for requests that change nothing when they are repeated, such as asking for a token. */
  readonly harmless?: (request: HookRequest) => boolean;
  /**
   * Called once, before the hooks are run: puts `effect` into clients that do not use `fetch`. It may throw, hang or be
   * slow as the network may, and answers what `answer` says.
   */
  readonly connect?: (effect: (one: HookEffect) => Promise<unknown>) => void;
}

const NAMES = ['answer', 'harmless', 'connect'];

/** For `kassa.stand-ins.ts`, which `kassa torture` reads. @throws ConfigError for a part that does not exist. */
export function defineStandIns(written: StandIns): StandIns {
  if (typeof written !== 'object' || written === null)
    throw new ConfigError('kassa.stand-ins: export default defineStandIns({ … }).');
  for (const [name, part] of Object.entries(written)) {
    if (!NAMES.includes(name))
      throw new ConfigError(`kassa.stand-ins: there is no "${name}"${nearestHint(name, NAMES) || '.'}`);
    if (part !== undefined && typeof part !== 'function')
      throw new ConfigError(`kassa.stand-ins: ${name} must be a function.`);
  }
  return Object.freeze({ ...written });
}
