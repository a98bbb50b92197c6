import type { SandboxClock } from './clock.ts';

/** The one API version that this sandbox serves: the one that stripe-node 23.1 pins. */
export const API_VERSION = '2026-10-28.endive';
export const SANDBOX_VERSION = '0.1.0';

export type RetryProfile = 'stripe-test' | 'stripe-live' | 'dev';

/** The account that every key opens which names none. */
export const DEFAULT_ACCOUNT = 'acct_sandbox';

/** A receiver of webhooks that is not a webhook endpoint object. `events` absent means all. */
export interface WebhookTarget {
  url: string;
  secret: string;
  events?: string[];
  /** Whose events; default `acct_sandbox`. */
  account?: string;
}

export interface SandboxOptions {
  /** `:memory:` (default) or the path of a file that survives restarts. */
  store?: ':memory:' | string;
  clock?: SandboxClock;
  /** Same seed and same calls give the same ids, secrets and dice. */
  seed?: string;
  /** Where the pages are reachable; begins every `session.url`. Default http://127.0.0.1:4243 */
  publicUrl?: string;
  webhooks?: WebhookTarget[];
  /** In-process delivery: every webhook goes through this function instead of the network. */
  deliver?: (request: Request) => Promise<Response>;
  /** How many deliveries to one target may be under way at once. Default 1 in-process, 4 over the network. */
  deliveriesInFlight?: number;
  deliveryTimeoutMs?: number;
  retryProfile?: RetryProfile;
  /** Which clock signs webhooks: the sandbox's (default in-process) or the wall's (default over the network). */
  signWith?: 'clock' | 'wall';
  log?: (line: Record<string, unknown>) => void;
  /**
   * Check every reply against the generated schemas; a violation becomes a 500 that says so. For tests. Default: on
   * when the environment variable KASSA_SANDBOX_STRICT names a file, to which every violation is then written too.
   */
  strict?: boolean;
  asyncDelayMs?: number;
  disputeDelayMs?: number;
  refundDelayMs?: number;
  searchLagMs?: number;
  sellerName?: string;
  country?: string;
  /** Tax that `automatic_tax` adds, in percent. Default 0. */
  taxPercent?: number;
  /** Fee of a charge: parts per ten thousand, plus minor units. Default 290 and 30. */
  fee?: { basisPoints: number; fixed: number };
  /** Webhook hosts beyond loopback. */
  allowHosts?: string[];
  /** The only way to run with NODE_ENV=production: the sentence `I know this takes no real money`. */
  allowProduction?: string;
}

/** What can be changed while the sandbox runs (`POST /_sandbox/options`). Times in milliseconds. */
export interface RuntimeOptions {
  hold_redirect_ms: number;
  webhook_wait: boolean;
  async_delay_ms: number;
  dispute_delay_ms: number;
  refund_delay_ms: number;
  search_lag_ms: number;
  require_own_keys: boolean;
  /** Whether control calls over a port show the token. Off, the header alone is asked for: no page can send that. */
  require_control_token: boolean;
}
