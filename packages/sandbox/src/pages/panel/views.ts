import type { PageFrame } from '../views.ts';

export interface PanelRequestView {
  id: string;
  at: number;
  method: string;
  path: string;
  status: number;
  idempotency_key: string | null;
  replayed: boolean;
  fault: string | null;
}

export interface PanelDeliveryView {
  target: string;
  attempt: number;
  at: number;
  /** HTTP status; null when nothing answered. */
  status: number | null;
  duration_ms: number;
  reply: string;
}

export interface PanelEventView {
  id: string;
  type: string;
  at: number;
  object_id: string;
  /** Deliveries still due. */
  pending: number;
  deliveries: PanelDeliveryView[];
}

export interface PanelView {
  frame: PageFrame;
  token: string;
  version: string;
  api_version: string;
  clock: { now: number; mode: 'real' | 'virtual'; offset_ms: number };
  counts: { label: string; count: number }[];
  /** The one call that was asked for; null shows the latest. */
  only: string | null;
  requests: PanelRequestView[];
  events: PanelEventView[];
  objects: { id: string; type: string; at: number; summary: string }[];
  /** What `path` of a fault may be, and what webhooks there are. */
  templates: readonly string[];
  event_types: readonly string[];
  /** Shares of all calls and webhooks that go wrong by chance, by name, in percent; null when none do. */
  chaos: Readonly<Record<string, number>> | null;
  receivers: PanelReceiverView[];
  snapshots: { name: string; at: number; bytes: number }[];
  /** `left`: how often it still happens; null until it is disarmed. */
  faults: { id: string; what: string; left: number | null }[];
  /** Until when every call is refused, in seconds; null when none is. */
  outage_until: number | null;
  /** By currency. */
  books: { currency: string; sums: { label: string; amount: string }[] }[];
  unsupported: { method: string; path: string; count: number }[];
  /** What the last button did, or why it did not. */
  notice: { kind: 'done' | 'refused'; text: string } | null;
}

/** Who gets webhooks: an endpoint, an option of the program, a command line that listens. */
export interface PanelReceiverView {
  id: string;
  url: string;
  events: string;
  account: string;
  /** How many are still owed. */
  owed: number;
  /** Endpoints have a secret that can be rolled. */
  rolls: boolean;
}
