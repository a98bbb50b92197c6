/** What the outside world saw of Kassa in a run: the checkers hold it against the tables and Stripe's books. */
export interface Evidence {
  /** Events that Stripe was told 2xx for. */
  readonly acknowledged: Set<string>;
  /** Every 200 that a caller's key was answered with, as bytes. */
  readonly answers: Map<string, Set<string>>;
  /** What a buyer was shown of a session, in the order in which it was asked for. */
  readonly seen: Map<string, string[]>;
  /** What a page was told that a basket costs, by the quote's id, and what was opened for it. Minor units. */
  readonly quoted: Map<string, { told_minor: number; opened_minor: number | null }>;
  /** Mails by their stable Message-ID: how often the provider took each, and for whom. */
  readonly mails: Map<string, { times: number; to: string; subject: string }>;
  /** Steps of the shop's own hook by their idempotency key: for which order, how often it ran, and when it did first. */
  readonly effects: Map<string, { order_id: string; times: number; at_ms: number }>;
  /** Sentences about things that may never happen, noticed while it ran. */
  readonly violations: { invariant: string; sentence: string }[];
  /** Payments that somebody took past Kassa, by Stripe's id: with our mark on them, or another program's. */
  readonly past_kassa: Map<string, 'ours' | 'of others'>;
  /** Refunds that the shopkeeper made in Stripe's own dashboard. */
  dashboard_refunds: number;
  /** Purchases that were begun. */
  purchases: number;
}

export function newEvidence(): Evidence {
  return {
    acknowledged: new Set(),
    answers: new Map(),
    seen: new Map(),
    quoted: new Map(),
    mails: new Map(),
    effects: new Map(),
    violations: [],
    past_kassa: new Map(),
    dashboard_refunds: 0,
    purchases: 0,
  };
}
