import { ConfigError, nearestHint } from './config-error.ts';
import type { KassaConfig, ProductKey } from './written/types.ts';

/** One line of an order as hooks see it. Amounts are minor units of the order's currency. */
export interface HookLine<Key extends string = string> {
  /** `ln_…`; stays the same for ever, so it is good to key a step by. */
  readonly id: string;
  readonly product: Key;
  readonly external_id: string;
  readonly name: string;
  readonly quantity: number;
  readonly unit_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly total_minor: number;
}

/** An order as it stood when the event was written. */
export interface HookOrder<Key extends string = string> {
  /** `ord_…` */
  readonly id: string;
  /** The number that people read; given when the order is paid. */
  readonly number: number | null;
  readonly version: number;
  readonly mode: 'test' | 'live';
  readonly status: string;
  readonly contract: string;
  readonly email: string | null;
  readonly user_id: string | null;
  readonly currency: string;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly credits_minor: number;
  readonly total_minor: number;
  readonly external_reference: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly paid_at: string | null;
  readonly lines: readonly HookLine<Key>[];
}

/** A dispute as it stood when the event was written. Amounts are minor units. */
export interface HookDispute {
  /** Stripe's id. */
  readonly id: string;
  /** Stripe's word: `needs_response`, `won`, `lost`, `warning_needs_response` for a mere question, … */
  readonly status: string;
  readonly reason: string | null;
  readonly amount_minor: number;
  readonly currency: string;
  /** Until then the bank takes an answer. */
  readonly due_at: string | null;
}

/** What `commit` hands in: the same database, the transaction in which the hook is marked as done. */
export interface HookTransaction {
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

export interface HookCall<Key extends string = string> {
  readonly event: HookEvent;
  readonly order: HookOrder<Key>;
  /** 1 for the first try. */
  readonly attempt: number;
  /** What a bank asks; null for every other event. */
  readonly dispute: HookDispute | null;
  /**
   * A step with an effect outside the database. Finished steps are remembered by (order, hook, name) and answer their
   * remembered result. A crash between effect and memory runs the step again with the same key: hand the key on.
   * The result must survive JSON.
   */
  once<Result>(
    name: string,
    step: (call: { readonly idempotency_key: string }) => Promise<Result> | Result,
  ): Promise<Result>;
  /** Writes of `work` and the mark "this hook is done" are one transaction: exactly once. No network inside. */
  commit<Result>(work: (tx: HookTransaction) => Promise<Result>): Promise<Result>;
}

/** Only `order.paid` means money. */
export type HookEvent =
  | 'order.created'
  | 'order.processing'
  | 'order.payment_failed'
  | 'order.paid'
  | 'order.expired'
  | 'order.canceled'
  | 'order.refunded'
  | 'dispute.created'
  | 'dispute.closed';

export const HOOK_EVENTS: readonly HookEvent[] = Object.freeze<HookEvent[]>([
  'order.created',
  'order.processing',
  'order.payment_failed',
  'order.paid',
  'order.expired',
  'order.canceled',
  'order.refunded',
  'dispute.created',
  'dispute.closed',
]);

/** The gate before a checkout is opened. It may refuse; it decides nothing else. */
export interface CheckoutCreateCall<Key extends string = string> {
  readonly contract: string;
  readonly items: readonly { readonly product: Key; readonly quantity: number }[];
  readonly customer: {
    readonly user_id: string | null;
    readonly email: string | null;
    /** True only when the buyer's token says so. */
    readonly email_verified: boolean;
  };
  /** Ends the hook at once; the caller gets 403 with this code as `details.reason` and this sentence. */
  refuse(code: string, sentence: string): never;
  /** A waiting room: ends the hook at once, and the caller gets 503 with `Retry-After` and may come again by then. */
  later(seconds: number, sentence?: string): never;
}

/** Who is signed in at the shop, as its own `authenticate` tells it. */
export interface SignedInBuyer {
  /** 1 to 255 characters; the same for ever. */
  readonly user_id: string;
  readonly email?: string | null | undefined;
  readonly email_verified?: boolean | undefined;
  /** Id of the sign-in, so that the next one does not inherit this one's form token. Default: the user's id. */
  readonly sign_in_id?: string | undefined;
}

/** Reads the shop's own cookie. It sees address and headers of a request, never the body. Limit: two seconds. */
export type Authenticate = (
  request: Request,
) => Promise<SignedInBuyer | null | undefined> | SignedInBuyer | null | undefined;

export interface Hooks<Key extends string = string> {
  readonly on: { readonly [Event in HookEvent]?: (call: HookCall<Key>) => Promise<void> | void };
  readonly before: {
    /** Synchronous gate with a limit of two seconds. */
    readonly 'checkout.create'?: (call: CheckoutCreateCall<Key>) => Promise<void> | void;
  };
  /** Absent: cookies sign nobody in. */
  readonly authenticate?: Authenticate;
}

/** What people write: each part may be left away. */
export interface WrittenHooks<Key extends string> {
  on?: { [Event in HookEvent]?: (call: HookCall<Key>) => Promise<void> | void } | undefined;
  before?: { 'checkout.create'?: (call: CheckoutCreateCall<Key>) => Promise<void> | void } | undefined;
  authenticate?: Authenticate | undefined;
}

/**
 * Code that runs because of orders: `on` after the fact and off the request path, `before` as a gate; and
 * `authenticate`, which tells who is signed in at the shop. The first argument gives the product keys their types.
 * @throws ConfigError for an event that does not exist, with the nearest one, and for a hook that is not a function.
 */
export function defineHooks<Config extends KassaConfig>(
  _config: Config,
  hooks: WrittenHooks<ProductKey<Config>>,
): Hooks<ProductKey<Config>> {
  return checkHooks(hooks) as Hooks<ProductKey<Config>>;
}

/** The same check for hooks that a program without types has written. @throws ConfigError like `defineHooks`. */
export function checkHooks(written: unknown): Hooks {
  const { on, before, authenticate } = record('hooks', written, ['on', 'before', 'authenticate']);
  const parts = { on: functions('on', on, HOOK_EVENTS), before: functions('before', before, ['checkout.create']) };
  if (authenticate !== undefined && typeof authenticate !== 'function')
    throw new ConfigError('kassa.hooks: authenticate must be a function.');
  const checked = authenticate === undefined ? parts : { ...parts, authenticate };
  return Object.freeze(checked) as Hooks;
}

function functions(where: string, written: unknown, names: readonly string[]): Record<string, unknown> {
  const hooks = record(where, written ?? {}, names);
  for (const [name, hook] of Object.entries(hooks)) {
    if (hook !== undefined && typeof hook !== 'function')
      throw new ConfigError(`kassa.hooks: ${where}['${name}'] must be a function.`);
  }
  return Object.freeze(hooks);
}

function record(where: string, written: unknown, names: readonly string[]): Record<string, unknown> {
  if (typeof written !== 'object' || written === null)
    throw new ConfigError(`kassa.hooks: ${where} must be an object.`);
  const unknown = Object.keys(written).find((name) => !names.includes(name));
  if (unknown === undefined) return { ...written };
  throw new ConfigError(`kassa.hooks: ${where} has no "${unknown}"${nearestHint(unknown, names) || '.'}`);
}
